import { isPromise, whenReady } from './awaitable.js'
import type { Budget } from './budget.js'
import type { ForgivingStore } from './forgiving-store.js'
import type { Lookup } from './look-ups.js'
import { newId } from './new-id.js'
import type { RecentInvalidations } from './recent-invalidations.js'
import { groupKey, groupKeysIn } from './rules/cache-groups.js'
import type { CacheKey } from './rules/cache-key.js'
import type { EpochMilliseconds } from './rules/messages.js'
import type { Awaitable, Found, Mark } from './store.js'

/**
 * Members of a group depend on its mark, and nothing is stored under its key: so long it is kept (30 days). Losing it
 * makes all members invalid.
 */
export const groupMarkLifetimeMs = 2_592_000_000

/** The marks of cache groups: an invalidation is one mark, however many members there are. RFC 9875. */
export class GroupMarks {
  readonly #store: ForgivingStore
  readonly #clock: () => EpochMilliseconds
  readonly #invalidations: RecentInvalidations
  /** By key: so that of many responses that come together one makes the mark, and all depend on it. */
  readonly #reading = new Map<string, Promise<Mark | undefined>>()

  constructor(store: ForgivingStore, clock: () => EpochMilliseconds, invalidations: RecentInvalidations) {
    this.#store = store
    this.#clock = clock
    this.#invalidations = invalidations
  }

  /**
   * Keys and values of the marks that a response in these groups is to depend on. Which groups those are is known only
   * once it is there, so that most of their marks were not read before it was requested. One that is older than the
   * request is as good, and so is one that is made now, as long as there was none. Otherwise the response depends on a
   * mark that nobody writes, and is validated before it is used (INV-06).
   */
  of(
    { key, marks }: Lookup,
    groups: readonly string[],
    requestTime: EpochMilliseconds,
    budget: Budget
  ): Awaitable<ReadonlyMap<string, string>> {
    const values = new Map<string, string>()
    const reading: Promise<unknown>[] = []
    for (const name of groups) {
      const group = groupKey(key.target, name)
      const before = marks.get(group)
      if (before !== undefined) {
        values.set(group, before)
        continue
      }
      const mark = this.#read(group, budget)
      const known = (mark: Mark | undefined) =>
        values.set(group, mark !== undefined && mark.at < requestTime ? mark.value : newId())
      if (isPromise(mark)) reading.push(mark.then(known))
      else known(mark)
    }
    return reading.length === 0 ? values : Promise.all(reading).then(() => values)
  }

  /** The keys of the groups that anything stored under these keys is in. */
  under(keys: readonly CacheKey[], budget: Budget): Awaitable<readonly string[]> {
    const groups = new Set<string>()
    const reading: Promise<void>[] = []
    for (const { key, target } of keys) {
      const read = (found: Found | undefined) => {
        for (const group of this.#groupsIn(found, target)) groups.add(group)
      }
      const found = this.#store.get(key, budget)
      if (isPromise(found)) reading.push(found.then(read))
      else read(found)
    }
    return reading.length === 0 ? [...groups] : Promise.all(reading).then(() => [...groups])
  }

  /** Makes the members of these groups, given by their keys, invalid. Whether the store is known to know. */
  invalidate(groups: readonly string[], budget: Budget): Awaitable<boolean> {
    const at = this.#clock()
    const writing: Promise<boolean>[] = []
    let isWritten = true
    for (const group of groups) {
      this.#invalidations.note(group)
      const marked = this.#store.invalidate(group, { value: newId(), at, dropAt: at + groupMarkLifetimeMs }, budget)
      if (isPromise(marked)) writing.push(marked)
      else isWritten &&= marked
    }
    if (writing.length === 0) return isWritten
    return Promise.all(writing).then((marked) => isWritten && marked.every(Boolean))
  }

  /** The mark of a group, made if there is none; `undefined` if it cannot be known. */
  #read(group: string, budget: Budget): Awaitable<Mark | undefined> {
    const underWay = this.#reading.get(group)
    if (underWay !== undefined) return underWay
    const { count } = this.#invalidations
    const found = this.#store.get(group, budget)
    const mark = whenReady(found, (found) => found && (found.mark ?? this.#make(group, count, budget)))
    if (!isPromise(mark)) return mark
    const reading = mark.finally(() => this.#reading.delete(group))
    this.#reading.set(group, reading)
    return reading
  }

  /** Written over an invalidation of the meantime, or too late, the mark of a group would hide that one: then it counts for nothing. */
  #make(group: string, count: number, budget: Budget): Awaitable<Mark | undefined> {
    // It is no invalidation: whenever a response was requested, this mark is not later.
    const mark: Mark = { value: newId(), at: 0, dropAt: this.#clock() + groupMarkLifetimeMs }
    return whenReady(this.#store.mark(group, mark, budget), (isWritten) => {
      return isWritten && !this.#invalidations.hasSince(group, count) ? mark : undefined
    })
  }

  #groupsIn(found: Found | undefined, target: string): readonly string[] {
    try {
      return found?.responses.flatMap(({ response }) => groupKeysIn(response.marks, target)) ?? []
    } catch (error) {
      // A store that is not trusted can hand out anything.
      this.#store.foundUnreadable(error)
      return []
    }
  }
}
