import type { CacheStore } from '../store.js'

/** What a store may lack: the optional methods of the contract. */
export type StoreAbility = 'clear' | 'keys' | 'lock'

/** A case before it knows how stores are made. */
export interface CaseDraft {
  readonly name: string
  readonly promise: string
  readonly needs?: StoreAbility
  readonly check: (store: CacheStore) => Promise<void>
}

/** Cases that check one promise. */
export function cases(
  promise: string,
  checks: Readonly<Record<string, CaseDraft['check']>>,
  needs?: StoreAbility
): CaseDraft[] {
  return Object.entries(checks).map(([name, check]) => ({ name, promise, check, ...(needs && { needs }) }))
}
