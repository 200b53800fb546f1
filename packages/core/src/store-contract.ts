import type { CacheStore } from './store.js'

/** The version of `CacheStore` that this version of core was written for. */
const known: CacheStore['contract'] = 1

/** Which of core and a store is too old for the other, or that it is no store; `undefined` if they fit. */
export function contractFault({ contract }: { readonly contract: unknown }): string | undefined {
  if (contract === known) return undefined
  if (!Number.isSafeInteger(contract)) return `${known}, as CacheStore has it`
  return Number(contract) > known
    ? `${known}: this version of @cc/core is too old for the store, upgrade @cc/core`
    : `${known}: the store is too old for this version of @cc/core, upgrade the package of the store`
}
