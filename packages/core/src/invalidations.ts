import { isPromise, whenReady } from './awaitable.js'
import { Budget } from './budget.js'
import type { ForgivingStore } from './forgiving-store.js'
import { GroupMarks } from './group-marks.js'
import type { Lookup } from './look-ups.js'
import { newId } from './new-id.js'
import { RecentInvalidations } from './recent-invalidations.js'
import type { Assessed } from './rules/assessment.js'
import { groupKey, groupKeysIn } from './rules/cache-groups.js'
import type { CacheKey } from './rules/cache-key.js'
import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'
import type { RuleOptions } from './rules/options.js'
import type { SearchIndex } from './search-index.js'
import type { Awaitable } from './store.js'

/** Marks are kept, and copies may take, so long: then an old response cannot outlast what invalidated it. */
export const markLifetimeMs = 3_600_000

/** What the answer to an unsafe request makes invalid. */
export interface Outdated {
  /** Keys of targets. */
  readonly targets: readonly string[]
  /** Keys of groups. */
  readonly groups: readonly string[]
  /** Where responses to the same request would be stored. */
  readonly asked: CacheKey
}

/** The marks by which what is stored becomes invalid: those of targets and of groups, written and read (INV-04, GRP-02). */
export class Invalidations {
  readonly recent = new RecentInvalidations()
  /** Set with `noVarySearch`. */
  searchIndex: SearchIndex | undefined
  readonly #store: ForgivingStore
  readonly #options: Pick<RuleOptions, 'cacheGroups'>
  readonly #clock: () => EpochMilliseconds
  readonly #groups: GroupMarks

  constructor(store: ForgivingStore, options: Pick<RuleOptions, 'cacheGroups'>, clock: () => EpochMilliseconds) {
    this.#store = store
    this.#options = options
    this.#clock = clock
    this.#groups = new GroupMarks(store, clock, this.recent)
  }

  /**
   * The marks that a response requested at `requestTime`, which is in these groups, is stored with. Those of groups may
   * take `limitMs` to be read.
   */
  marksOf(
    lookup: Lookup,
    groups: readonly string[],
    requestTime: EpochMilliseconds,
    limitMs: number
  ): Awaitable<StoredResponse['marks']> {
    if (groups.length === 0) return ownMarks(lookup)
    return whenReady(this.#groups.of(lookup, groups, requestTime, new Budget(limitMs, 'unref')), (ofGroups) => {
      return ownMarks(lookup, ofGroups)
    })
  }

  /** The marks of what is put together of these: where they do not agree with what is known now, it is invalid. */
  marksOfParts(lookup: Lookup, parts: readonly Assessed[]): StoredResponse['marks'] {
    const { key, marks } = lookup
    const values = new Map<string, string>()
    for (const { stored } of parts) {
      for (const group of groupKeysIn(stored.marks, key.target)) {
        values.set(
          group,
          stored.marks[group] === marks.get(group) ? (values.get(group) ?? (marks.get(group) as string)) : newId()
        )
      }
    }
    return ownMarks(lookup, values)
  }

  /**
   * Makes everything under these targets invalid; has answered when it is. `value` is a new {@link newId}. Whether the
   * store is known to know.
   */
  invalidate(targets: readonly string[], budget: Budget, value = newId()): Awaitable<boolean> {
    for (const target of targets) this.recent.note(target)
    const all = this.searchIndex === undefined ? targets : this.searchIndex.marksOf(targets, budget)
    return whenReady(all, (all) => this.#mark(all, budget, value))
  }

  #mark(targets: readonly string[], budget: Budget, value: string): Awaitable<boolean> {
    const at = this.#clock()
    const writing: Promise<boolean>[] = []
    let isWritten = true
    for (const target of targets) {
      const marked = this.#store.invalidate(target, { value, at, dropAt: at + markLifetimeMs }, budget)
      if (isPromise(marked)) writing.push(marked)
      else isWritten &&= marked
    }
    if (writing.length === 0) return isWritten
    return Promise.all(writing).then((marked) => isWritten && marked.every(Boolean))
  }

  /**
   * The same, and of the groups, given by their keys: of those, and of all that anything under the targets or under
   * `asked` is in. What becomes invalid with a group takes no other group along (GRP-02).
   */
  invalidateWithGroups({ targets, groups, asked }: Outdated, budget: Budget, value = newId()): Awaitable<boolean> {
    if (!this.#options.cacheGroups) return this.invalidate(targets, budget, value)
    const keys = targets.map((target): CacheKey => ({ key: target, target }))
    if (asked.key !== asked.target) keys.push(asked)
    const members = this.#groups.under(keys, budget)
    const invalidated = this.invalidate(targets, budget, value)
    return whenReady(members, (members) => {
      const marked = this.#groups.invalidate([...new Set([...groups, ...members])], budget)
      return whenReady(marked, (marked) => whenReady(invalidated, (invalidated) => marked && invalidated))
    })
  }

  /**
   * Makes all members of a group invalid; `target` is the key of any URI of its origin. Whether the store is known to
   * know.
   */
  invalidateGroup(target: string, name: string, budget: Budget): Awaitable<boolean> {
    return this.#groups.invalidate([groupKey(target, name)], budget)
  }

  /**
   * Sees to it that there is a mark on the target of a key that is not the target itself: where that mark is missing, its
   * responses count as invalid, so that losing it is safe. One that may be written too late is not relied on: what is
   * stored then has a mark that nobody writes, and is validated before it is used.
   */
  ensureMark(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    const marked = this.withMark(lookup, budget)
    const index = this.searchIndex
    return index === undefined ? marked : whenReady(marked, (lookup) => index.prepare(lookup, budget))
  }

  /** The same, without regard to other queries. */
  withMark(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    const { key, marks } = lookup
    if (key.key === key.target || marks.has(key.target)) return lookup
    const at = this.#clock()
    const value = newId()
    const marked = this.#store.mark(key.target, { value, at, dropAt: at + markLifetimeMs }, budget)
    return whenReady(marked, (isWritten) => ({
      ...lookup,
      marks: new Map([...marks, [key.target, isWritten ? value : newId()]])
    }))
  }
}

/** The mark of the target, and more. */
export function ownMarks({ key, marks }: Lookup, others?: ReadonlyMap<string, string>): StoredResponse['marks'] {
  // Without a prototype it is a dictionary from the start: each literal with such a name would be of a shape of its own.
  const values: Record<string, string> = Object.create(null)
  values[key.target] = marks.get(key.target) ?? ''
  if (others !== undefined) for (const [other, value] of others) values[other] = value
  return Object.freeze(values)
}
