import assert from 'node:assert/strict'
import type { Awaitable, CacheStore } from '../store.js'
import { bodyCases } from './body-cases.js'
import type { CaseDraft, StoreAbility } from './case-draft.js'
import { endToEndCases } from './end-to-end-cases.js'
import { keyCases } from './key-cases.js'
import { lockCases } from './lock-cases.js'
import { markCases } from './mark-cases.js'
import { modelCases } from './model-cases.js'
import { mutationCases } from './mutation-cases.js'
import { removalCases } from './removal-cases.js'
import { rideAlongCases } from './ride-along-cases.js'
import { setCases } from './set-cases.js'
import { standingBodyCases } from './standing-body-cases.js'
import { updateCases } from './update-cases.js'
import { visibilityCases } from './visibility-cases.js'

export type { StoreAbility } from './case-draft.js'

/** One check of one promise of `CacheStore`, for any test runner: `it(c.name, c.run)`. */
export interface StoreCase {
  /** Unique; stays the same from release to release as long as what is checked does. */
  readonly name: string
  /** The promise, in the words of the contract. */
  readonly promise: string
  /** Makes a store, checks it, destroys it. Rejects with an `AssertionError` if the promise is broken. */
  readonly run: () => Promise<void>
}

/** Options of {@link storeCases}. docs/writing-a-store.md says how they are used. */
export interface StoreCasesOptions<Store extends CacheStore = CacheStore> {
  /**
   * What the store cannot do, each with the reason; the cases about it are left out.
   * @defaultValue nothing: a store without an optional method fails the cases about it
   * @example
   * ```js
   * import { storeCases } from '@cc/core/testing'
   * import { DictStore } from '@cc/store-dict'
   *
   * export const cases = storeCases(() => new DictStore(), { cannot: { lock: 'it serves one process' } })
   * ```
   */
  cannot?: Partial<Record<StoreAbility, string>>
  /**
   * Called with the store after each case, passed or failed: to close it and remove what it kept.
   * @defaultValue `store.close()`, if there is one
   * @example
   * ```js
   * import { rm } from 'node:fs/promises'
   * import { storeCases } from '@cc/core/testing'
   * import { FileStore } from '@cc/store-file'
   *
   * // The file store has nothing to close, and leaves a folder behind.
   * const destroy = () => rm('.test_cache', { recursive: true, force: true })
   * export const cases = storeCases(() => new FileStore('.test_cache'), { destroy })
   * ```
   */
  destroy?: (store: Store) => Awaitable<void>
  /**
   * How many files, connections and the like the store holds for bodies that are being read. After each case there must
   * be as many as before it, once the store had some turns of the event loop to let go.
   * @defaultValue not counted: what is held too long is then found only where the store runs out of it
   * @example
   * ```js
   * import { readdirSync } from 'node:fs'
   * import { storeCases } from '@cc/core/testing'
   * import { FileStore } from '@cc/store-file'
   *
   * // On Linux: how many files this process has open.
   * const openHandles = () => readdirSync('/proc/self/fd').length
   * export const cases = storeCases(() => new FileStore('.test_cache'), { openHandles })
   * ```
   */
  openHandles?: (store: Store) => Awaitable<number>
}

const DRAFTS: readonly CaseDraft[] = [
  ...setCases,
  ...visibilityCases,
  ...bodyCases,
  ...standingBodyCases,
  ...rideAlongCases,
  ...updateCases,
  ...markCases,
  ...removalCases,
  ...keyCases,
  ...mutationCases,
  ...lockCases,
  ...modelCases,
  ...endToEndCases
]

/** How many turns of the event loop a store has to let go of what it held. */
const maxTurns = 1_000

/**
 * The promises of `CacheStore` as cases. Nothing in them waits for time; a store that never answers is left to the
 * time limit of the test runner.
 *
 * @param create makes an empty store, a new one for each case. A store with a `maxEntryBytes` needs one of 2 MiB to
 *   64 MiB here, and room for 16 MiB.
 * @throws TypeError for an ability in `cannot` that is unknown or has no reason.
 * @example
 * for (const { name, run } of storeCases(() => new DictStore())) it(name, run)
 */
export function storeCases<Store extends CacheStore>(
  create: () => Awaitable<Store>,
  options: StoreCasesOptions<Store> = {}
): readonly StoreCase[] {
  const { cannot = {}, destroy = (store: Store) => store.close?.(), openHandles = () => 0 } = options
  checkAbilities(cannot)
  return DRAFTS.filter(({ needs }) => needs === undefined || cannot[needs] === undefined).map(
    ({ name, promise, needs, check }) => ({
      name,
      promise,
      run: async () => {
        const store = await create()
        try {
          if (needs !== undefined)
            assert.ok(store[needs], `the store has no ${needs}(); say why in \`cannot.${needs}\``)
          const before = await openHandles(store)
          await check(store)
          // Fewer are no leak: what was open before may have been on its way to be closed.
          for (let n = 0; n < maxTurns && (await openHandles(store)) > before; n++) await turn()
          const open = await openHandles(store)
          assert.ok(open <= before, `${open} handles are open, and were ${before}`)
        } finally {
          await destroy(store)
        }
      }
    })
  )
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function checkAbilities(cannot: Partial<Record<string, string>>): void {
  const known = new Set<string | undefined>(DRAFTS.map(({ needs }) => needs))
  for (const [ability, reason] of Object.entries(cannot)) {
    if (!known.has(ability)) throw new TypeError(`cannot.${ability} is not an ability of a store`)
    if (typeof reason !== 'string' || reason === '') throw new TypeError(`cannot.${ability} must give the reason`)
  }
}
