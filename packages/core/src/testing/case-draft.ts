import type { CacheStore } from '../store.js'

/** What a store may lack: the optional methods of the contract, and to be there again for another process. */
export type StoreAbility = 'clear' | 'keys' | 'lock' | 'reopen'

/** Ends a store as a crash does, and opens what it kept once more. */
export type Reopen = (store: CacheStore) => Promise<CacheStore>

/** A case before it knows how stores are made. */
export interface CaseDraft {
  readonly name: string
  readonly promise: string
  readonly needs?: StoreAbility
  readonly check: (store: CacheStore, reopen: Reopen) => Promise<void>
}

/** Cases that check one promise. */
export function cases(
  promise: string,
  checks: Readonly<Record<string, CaseDraft['check']>>,
  needs?: StoreAbility
): CaseDraft[] {
  return Object.entries(checks).map(([name, check]) => ({ name, promise, check, ...(needs && { needs }) }))
}
