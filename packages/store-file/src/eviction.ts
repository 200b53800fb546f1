import { channel } from 'node:diagnostics_channel'
import type { EvictEvent } from '@cc/core'
import { turnAfter } from './resting.js'
import { run } from './steps.js'
import type { Survey, Surveyed } from './survey.js'
import type { Tidying } from './tidying.js'
import type { Totals } from './usage.js'

/** `channels.evict` of core, which this store has only the types of. */
const evictChannel = channel('@cc/core:evict')
/** So many keys are compared with each other at least, if there are so many. */
const sampleSize = 32
/** So many candidates are remembered from one time to the next. */
const maxCandidates = 512
/** Of those compared this share goes before more are looked at. */
const evictedShare = 1 / 4
/** So many keys go at once at most: who stores has to wait for it. */
const maxAtOnce = 256

/** Where so many cannot be removed others cannot either, and to find that out takes its time each time. */
const maxFailures = 8

/** What has gone. */
export interface Evicted {
  readonly bytes: number
  readonly keys: number
  /** Whether so many could not be removed that others were not tried. */
  readonly isStuck: boolean
}

/**
 * Drops what was used least recently, approximately: folder after folder is looked at, in an order of chance, and of all
 * that was seen lately the oldest goes. So what it takes does not depend on how much there is.
 */
export class Eviction {
  readonly #survey: Survey
  readonly #tidying: Tidying
  readonly #random: () => number
  #folders: string[] = []
  #candidates: Surveyed[] = []

  /** @param random - from 0 to 1, to shuffle folders with */
  constructor(survey: Survey, tidying: Tidying, random: () => number = Math.random) {
    this.#survey = survey
    this.#tidying = tidying
    this.#random = random
  }

  /** Drops keys until `totals` are no more than `maxBytes`, or so many that others should have their turn. */
  async evict(totals: Totals, maxBytes: number, maxKeys = maxAtOnce): Promise<Evicted> {
    let bytes = 0
    let keys = 0
    let responses = 0
    let failures = 0
    while (failures < maxFailures && totals.bytes - bytes > maxBytes && keys < maxKeys) {
      if (!(await this.#sample())) break
      const before = keys
      for (let n = Math.ceil(this.#candidates.length * evictedShare); n > 0 && totals.bytes - bytes > maxBytes; n--) {
        await turnAfter(n)
        const evicted = await this.#evictOldest()
        if (evicted === 'failed' && ++failures === maxFailures) break
        if (evicted === 'failed' || evicted === undefined) continue
        bytes += evicted.bytes
        responses += evicted.responses
        keys++
      }
      // Nothing can be removed, or all of it was used just now: the same would be found again.
      if (keys === before) break
    }
    if (keys > 0 && evictChannel.hasSubscribers) {
      const event: EvictEvent = { store: 'FileStore', responses, bytes }
      evictChannel.publish(event)
    }
    return { bytes, keys, isStuck: failures === maxFailures }
  }

  async #evictOldest() {
    const oldest = this.#candidates.shift()
    try {
      return oldest && (await run(this.#tidying.evict(oldest, evictChannel.hasSubscribers)))
    } catch {
      return 'failed'
    }
  }

  /** Looks at more keys, until there are enough or all were seen; false if there is none. */
  async #sample(): Promise<boolean> {
    const known = new Set(this.#candidates.map(({ hash }) => hash))
    const before = this.#candidates.length
    let hasListed = false
    while (this.#candidates.length - before < sampleSize) {
      if (this.#folders.length === 0) {
        if (hasListed) break
        hasListed = true
        this.#folders = shuffled(await this.#survey.folders(), this.#random)
      }
      const folder = this.#folders.pop()
      if (folder === undefined) break
      for (const one of await this.#survey.look(folder)) {
        if (one.usedAt === undefined || known.has(one.hash)) continue
        known.add(one.hash)
        this.#candidates.push(one)
      }
    }
    this.#candidates.sort((a, b) => (a.usedAt ?? 0) - (b.usedAt ?? 0))
    this.#candidates.length = Math.min(this.#candidates.length, maxCandidates)
    return this.#candidates.length > 0
  }
}

function shuffled<T>(things: readonly T[], random: () => number): T[] {
  const mixed = [...things]
  for (let n = mixed.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    ;[mixed[n], mixed[other]] = [mixed[other] as T, mixed[n] as T]
  }
  return mixed
}
