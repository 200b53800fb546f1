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
import { reopeningCases } from './reopening-cases.js'
import { rideAlongCases } from './ride-along-cases.js'
import { setCases } from './set-cases.js'
import { standingBodyCases } from './standing-body-cases.js'
import { turn } from './streams.js'
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
   * What the store cannot do, each with the reason; the cases about it are left out. `reopen` is for a store that keeps
   * nothing beyond the process.
   * @defaultValue nothing: a store without an optional method, and cases without `reopen`, fail what is about it
   * @example
   * ```js
   * import { storeCases } from '@cc/core/testing'
   * import { DictStore } from '@cc/store-dict'
   *
   * const cannot = { lock: 'it serves one process', reopen: 'it is in memory' }
   * export const cases = storeCases(() => new DictStore(), { cannot })
   * ```
   */
  cannot?: Partial<Record<StoreAbility, string>>
  /**
   * Makes another store on what `store` keeps, as a process does that begins when the one of `store` has died. `store` is
   * not closed before, and may be in the middle of something: of that nothing more happens until the new one was looked at.
   * Both are destroyed after the case, the new one first.
   * @defaultValue none: `cannot.reopen` must say why
   * @example
   * ```js
   * import { storeCases } from '@cc/core/testing'
   * import { FileStore } from '@cc/store-file'
   *
   * const folders = new Map()
   * const open = (folder = `.test_cache/${folders.size}`) => {
   *   const store = new FileStore(folder)
   *   folders.set(store, folder)
   *   return store
   * }
   * export const cases = storeCases(() => open(), { reopen: (store) => open(folders.get(store)) })
   * ```
   */
  reopen?: (store: Store) => Awaitable<Store>
  /**
   * Cuts `store` off from what it keeps, as far as that can be done in one process: closes its files or connections under
   * it. Called before `reopen`. What `store` is in the middle of, and all that it is told afterwards, may fail, and must not
   * hang.
   * @defaultValue nothing is done: whoever stored is left standing, with its files and connections open
   * @example
   * ```js
   * import { storeCases } from '@cc/core/testing'
   * import { RedisStore } from '@cc/store-redis'
   *
   * const prefixes = new Map()
   * const open = (keyPrefix = `test-${prefixes.size}:`) => {
   *   const store = new RedisStore({ url: 'redis://127.0.0.1:6379', keyPrefix })
   *   prefixes.set(store, keyPrefix)
   *   return store
   * }
   * // The connection is the store's own: closed under it, what it was doing breaks off.
   * export const cases = storeCases(() => open(), {
   *   crash: (store) => store.close(),
   *   reopen: (store) => open(prefixes.get(store))
   * })
   * ```
   */
  crash?: (store: Store) => Awaitable<void>
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
  ...reopeningCases,
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
  const { cannot = {} } = options
  checkAbilities(cannot)
  return DRAFTS.filter(({ needs }) => needs === undefined || cannot[needs] === undefined).map((draft) => ({
    name: draft.name,
    promise: draft.promise,
    run: () => runCase(draft, create, options)
  }))
}

async function runCase<Store extends CacheStore>(
  { needs, check }: CaseDraft,
  create: () => Awaitable<Store>,
  { destroy = (store) => store.close?.(), openHandles = () => 0, reopen, crash }: StoreCasesOptions<Store>
): Promise<void> {
  const stores = [await create()]
  const [first] = stores as [Store]
  /** Cases get the latest store, and give it back. */
  const again = async (store: CacheStore) => {
    await crash?.(store as Store)
    assert.ok(reopen)
    const next = await reopen(store as Store)
    stores.push(next)
    return next
  }
  try {
    if (needs === 'reopen') assert.ok(reopen, 'the options have no reopen; say why in `cannot.reopen`')
    else if (needs !== undefined) {
      assert.ok(first[needs], `the store has no ${needs}(); say why in \`cannot.${needs}\``)
    }
    const before = await openHandles(first)
    await check(first, again)
    // Fewer are no leak: what was open before may have been on its way to be closed.
    for (let n = 0; n < maxTurns && (await openHandles(first)) > before; n++) await turn()
    const open = await openHandles(first)
    assert.ok(open <= before, `${open} handles are open, and were ${before}`)
  } finally {
    for (const store of stores.reverse()) await destroy(store)
  }
}

function checkAbilities(cannot: Partial<Record<string, string>>): void {
  const known = new Set<string | undefined>(DRAFTS.map(({ needs }) => needs))
  for (const [ability, reason] of Object.entries(cannot)) {
    if (!known.has(ability)) throw new TypeError(`cannot.${ability} is not an ability of a store`)
    if (typeof reason !== 'string' || reason === '') throw new TypeError(`cannot.${ability} must give the reason`)
  }
}
