import type { Awaitable } from '@cc/core'
import type { Change } from './entries.js'
import type { Eviction } from './eviction.js'
import type { Maintenance } from './maintenance.js'
import type { Settings } from './options.js'
import { run, type Steps, wait } from './steps.js'
import type { Turns } from './turns.js'
import type { Totals, Usage } from './usage.js'

const noChange: Totals = { bytes: 0, keys: 0, changes: 0 }
/** Once there is room to be made, there is made a little more. */
const spareShare = 1 / 64
/** All is counted again after so many changes per key that is kept, and not sooner than after so many in all. */
const changesPerKey = 4
const fewChanges = 10_000

/** Sees to it that no more is kept than may be. */
export class Bounds {
  readonly #settings: Settings
  readonly #usage: Usage
  readonly #turns: Turns
  readonly #eviction: Eviction
  readonly #maintenance: Maintenance
  #isMakingRoom = false
  #hasSwept = false

  constructor(settings: Settings, usage: Usage, turns: Turns, eviction: Eviction, maintenance: Maintenance) {
    this.#settings = settings
    this.#usage = usage
    this.#turns = turns
    this.#eviction = eviction
    this.#maintenance = maintenance
  }

  /** How much room there is where nothing gives way; without end otherwise. */
  *room(): Steps<number> {
    const { forever, maxBytes } = this.#settings
    if (!forever || maxBytes === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
    return maxBytes - (yield* this.#note(noChange)).bytes
  }

  /** Notes what was changed, and makes room if there is too little by now. */
  *changed({ bytes, keys }: Change): Steps<void> {
    if (!this.#hasSwept) this.#sweep()
    const totals = yield* this.#note({ bytes, keys, changes: 1 })
    if (this.#usage.takeDoubt()) this.#count()
    const { forever, maxBytes } = this.#settings
    if (forever) return
    if (totals.bytes > maxBytes && !this.#isMakingRoom) yield* wait(this.#makeRoom(totals))
    if (totals.changes > Math.max(fewChanges, changesPerKey * totals.keys)) this.#count()
  }

  /** Removes what nobody needs, and of the rest what is too much. */
  async prune(): Promise<void> {
    const totals = await this.#maintenance.run()
    await this.#write(totals)
    const { forever, maxBytes } = this.#settings
    if (!forever && totals.bytes > maxBytes) await this.#makeRoom(totals, Number.POSITIVE_INFINITY)
  }

  async #makeRoom(totals: Totals, maxKeys?: number): Promise<void> {
    this.#isMakingRoom = true
    try {
      const { maxBytes } = this.#settings
      const { bytes, keys, isStuck } = await this.#eviction.evict(totals, maxBytes * (1 - spareShare), maxKeys)
      await run(this.#note({ bytes: -bytes, keys: -keys, changes: keys }))
      // There is less than was thought.
      if (keys === 0 && !isStuck) this.#count()
    } catch {
      // What cannot be removed now stays until somebody can.
    } finally {
      this.#isMakingRoom = false
    }
  }

  async #count(): Promise<void> {
    try {
      const totals = await this.#maintenance.runInBackground()
      if (totals !== undefined) await this.#write(totals)
    } catch {
      // The next one who finds the count too old counts.
    }
  }

  /** Once, what other processes left behind. */
  async #sweep(): Promise<void> {
    this.#hasSwept = true
    try {
      await this.#maintenance.sweepLeftovers()
    } catch {
      // Who prunes, or counts, tries again.
    }
  }

  *#note(change: Totals): Steps<Totals> {
    return yield* this.#turns.wait('usage', this.#usage.note(change))
  }

  #write(totals: Totals): Awaitable<void> {
    return this.#turns.take('usage', this.#usage.write(totals))
  }
}
