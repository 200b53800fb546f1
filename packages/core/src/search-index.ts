import { whenReady } from './awaitable.js'
import { Budget } from './budget.js'
import type { Lookup } from './look-ups.js'
import { type CacheKey, keyParts } from './rules/cache-key.js'
import type { Candidate } from './rules/candidates.js'
import { fieldMap } from './rules/fields.js'
import { isInvalidated } from './rules/invalidation.js'
import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'
import { type NoVarySearch, noVarySearch, parseRules, pathMark, searchIndexKeys } from './rules/no-vary-search.js'
import type { RuleOptions } from './rules/options.js'
import { isPastItsTime } from './rules/selection.js'
import { type StorableHead, slotOf } from './rules/storable-head.js'
import type { Awaitable, Body } from './store.js'

/** So many rules of one path are known; the least recently stored go. */
const maxRules = 8
/** So many responses are known for one query under one rule. */
const maxPointers = 4
/** How long it may take to find out what is listed already, when nobody waits. */
const listingLimitMs = 10_000
const noBytes = new Uint8Array(0)

/** What the index needs of the cache it is part of. */
export interface Keeper {
  readonly store: {
    readonly keepsObjects: boolean
    set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<boolean>
    delete(key: string, slot: string): void
  }
  lookUp(key: CacheKey, budget: Budget): Awaitable<Lookup | undefined>
  withMark(lookup: Lookup, budget: Budget): Awaitable<Lookup>
  complete(
    lookup: Lookup,
    head: StorableHead,
    copied: { readonly bodyBytes: number; readonly digests: readonly string[] | undefined }
  ): StoredResponse | undefined
}

/** A response that may answer a request for another query. */
export interface Equivalent {
  readonly key: CacheKey
  readonly rules: NoVarySearch
}

/**
 * Finds responses stored for another query that makes no difference, by what they say themselves (NVS-01). Each path has a
 * list of the rules that its responses have, and each query that is left under such a rule has a list of the keys of
 * responses to it. Both are small entries of the store. They depend on the mark of the path, which is written for each URI
 * with that path that is invalidated; what they lead to is compared again, so that they need not be right.
 */
export class SearchIndex {
  readonly #keeper: Keeper
  readonly #digest: RuleOptions['digest']
  readonly #clock: () => EpochMilliseconds

  constructor(keeper: Keeper, digest: RuleOptions['digest'], clock: () => EpochMilliseconds) {
    this.#keeper = keeper
    this.#digest = digest
    this.#clock = clock
  }

  /** The look-up with what is known of its path, and with the mark of the path that what is stored is to depend on. */
  prepare(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    return whenReady(this.lookUp(lookup, budget), (lookup) => {
      if (lookup.search === undefined) return lookup
      return whenReady(this.#keeper.withMark(lookup.search, budget), (search) => ({ ...lookup, search }))
    })
  }

  /** The look-up with what is known of its path. */
  lookUp(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    const keys = lookup.search === undefined ? searchIndexKeys(lookup.key.key) : undefined
    if (keys === undefined) return lookup
    return whenReady(this.#keeper.lookUp(keys.rules, budget), (search) => (search ? { ...lookup, search } : lookup))
  }

  /** Under which other keys there are responses that answer the query of `key`. */
  async find(key: string, search: Lookup, budget: Budget): Promise<readonly Equivalent[]> {
    const keys = searchIndexKeys(key)
    if (keys === undefined) return []
    const found = await Promise.all(
      this.#listed(search, maxRules).map(async (text) => {
        const rules = parseRules(text)
        const pointers = rules && (await this.#keeper.lookUp(keys.pointers(rules), budget))
        if (rules === undefined || pointers === undefined) return []
        const others = this.#listed(pointers, maxPointers).filter((other) => other !== key && keys.covers(other, rules))
        return others.map((other) => ({ key: cacheKeyOf(other), rules }))
      })
    )
    return found.flat()
  }

  /** Has a response that was stored found by other queries, if it says that it answers them. */
  async add({ key, search }: Lookup, head: StorableHead): Promise<void> {
    const rules = search && noVarySearch(fieldMap(head.fields))
    const keys = rules && searchIndexKeys(key.key)
    if (search === undefined || rules === undefined || keys === undefined) return
    const budget = new Budget(listingLimitMs, 'unref')
    const [known, pointers] = await Promise.all([
      this.#keeper.lookUp(keys.rules, budget),
      this.#keeper.lookUp(keys.pointers(rules), budget)
    ])
    if (known === undefined || pointers === undefined) return
    const { marks } = search
    const mark = marks.get(keys.rules.target)
    if (mark === undefined) return
    // A URI with this path was invalidated since the request was sent: perhaps one that this response answers (NVS-03).
    if (known.marks.get(keys.rules.target) !== mark) return this.#keeper.store.delete(key.key, head.slot)
    this.#list({ ...known, marks }, rules.text, maxRules, head)
    this.#list({ ...pointers, marks }, key.key, maxPointers, head)
  }

  /** The marks to write when these targets are invalidated: theirs, those of their paths, and those of what answers them. */
  async marksOf(targets: readonly string[], budget: Budget): Promise<readonly string[]> {
    const marks = new Set(targets)
    const addEquivalents = async (target: string) => {
      const mark = pathMark(target)
      if (mark === undefined) return
      marks.add(mark)
      const { search } = await this.lookUp({ key: { key: target, target }, stored: [], marks: new Map() }, budget)
      const others = search === undefined ? [] : await this.find(target, search, budget)
      for (const { key } of others) marks.add(key.target)
    }
    await Promise.all(targets.map(addEquivalents))
    return [...marks]
  }

  /** What a list holds that is still valid, the most recent first. */
  #listed({ stored, marks }: Lookup, max: number): readonly string[] {
    const now = this.#clock()
    const isValid = (candidate: Candidate) =>
      !isInvalidated(candidate, marks) && !isPastItsTime(candidate, now) && candidate.assessed() !== undefined
    return byAge(stored.filter(isValid))
      .slice(0, max)
      .flatMap(({ stored }) => listedValue(stored) ?? [])
  }

  /** Puts a value on a list, if it is not on it for as long; what is too many goes. */
  #list(lookup: Lookup, value: string, max: number, { requestTime, responseTime, dropAt }: StorableHead): void {
    const { store } = this.#keeper
    const others = lookup.stored.filter(({ stored }) => listedValue(stored) !== value)
    const [before] = lookup.stored.filter((candidate) => !others.includes(candidate))
    const isKnown = before !== undefined && before.stored.dropAt >= dropAt && !isInvalidated(before, lookup.marks)
    if (isKnown) return
    const selecting = [['value', value] as const]
    const head: StorableHead = {
      slot: slotOf('GET', selecting, this.#digest),
      method: 'GET',
      status: 200,
      statusText: '',
      fields: [],
      selecting,
      requestTime,
      responseTime,
      dropAt
    }
    const copied = { bodyBytes: 0, digests: store.keepsObjects ? undefined : [] }
    store.set(lookup.key.key, noBytes, () => this.#keeper.complete(lookup, head, copied))
    for (const { stored } of byAge(others).slice(max - 1)) store.delete(lookup.key.key, stored.slot)
  }
}

/** The value that an entry of a list stands for. */
function listedValue({ selecting }: StoredResponse): string | undefined {
  return selecting[0]?.[1] ?? undefined
}

function byAge(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort(({ stored: one }, { stored: other }) => other.responseTime - one.responseTime)
}

/** From one that was covered, and so is a cache key. */
function cacheKeyOf(key: string): CacheKey {
  return { key, target: keyParts(key)?.target ?? key }
}
