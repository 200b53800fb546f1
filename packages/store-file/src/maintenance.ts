import type { Clearing } from './clearing.js'
import type { Disk } from './disk.js'
import type { Change } from './entries.js'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import { sweepLocks, sweepTemporary } from './leftovers.js'
import { takeLock } from './lock-file.js'
import type { Marks } from './marks.js'
import type { Settings } from './options.js'
import { idleTurn, nextTurn, turnAfter } from './resting.js'
import { run } from './steps.js'
import type { Survey, Surveyed } from './survey.js'
import type { Tidying } from './tidying.js'
import type { Totals } from './usage.js'

const nothing = { bytes: 0, keys: 0 }

/** Goes through all that is kept: removes what nobody needs, and counts the rest. Several at once do no harm. */
export class Maintenance {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #survey: Survey
  readonly #tidying: Tidying
  readonly #marks: Marks
  readonly #clearing: Clearing
  readonly #settings: Settings
  #inBackground: Promise<Totals | undefined> | undefined

  constructor({ layout, disk, folder, survey, tidying, marks, clearing }: MaintenanceParts, settings: Settings) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
    this.#survey = survey
    this.#tidying = tidying
    this.#marks = marks
    this.#clearing = clearing
    this.#settings = settings
  }

  /** What is left. */
  async run(rest: () => Promise<void> = nextTurn): Promise<Totals> {
    const { forever } = this.#settings
    await run(this.#folder.check())
    await this.sweepLeftovers()
    let bytes = 0
    let keys = 0
    for (const folder of await this.#survey.folders()) {
      await rest()
      for (const [n, one] of (await this.#survey.look(folder)).entries()) {
        await turnAfter(n)
        const change = forever ? nothing : await this.#tidy(one)
        bytes += one.bytes + change.bytes
        keys += Number(one.usedAt !== undefined) + change.keys
      }
    }
    if (forever) return { bytes, keys, changes: 0 }
    for (const folder of await this.#survey.folders(this.#layout.marks)) {
      await rest()
      for (const [n, { hash }] of (await this.#survey.look(folder)).entries()) {
        await turnAfter(n)
        await this.#drop(hash)
      }
    }
    return { bytes, keys, changes: 0 }
  }

  /** The same while nobody waits for it, unless another process is at it; the process may end in the middle. */
  runInBackground(): Promise<Totals | undefined> {
    this.#inBackground ??= this.#runAlone().finally(() => {
      this.#inBackground = undefined
    })
    return this.#inBackground
  }

  /** What processes left behind that died. */
  async sweepLeftovers(): Promise<void> {
    const now = this.#settings.clock()
    await sweepTemporary(this.#disk, this.#folder, this.#layout.entriesTemporary, now)
    await sweepTemporary(this.#disk, this.#folder, this.#layout.marksTemporary, now)
    await sweepLocks(this.#disk, this.#folder, this.#layout, now)
    await this.#clearing.removeCleared()
  }

  async #tidy(one: Surveyed): Promise<Change> {
    try {
      return await run(this.#tidying.tidy(one, this.#settings.clock()))
    } catch {
      // One file that cannot be read, or removed, keeps nobody from counting the others.
      return nothing
    }
  }

  async #drop(hash: string): Promise<void> {
    try {
      await run(this.#marks.drop(hash))
    } catch {
      // It stays, and is in nobody's way.
    }
  }

  async #runAlone(): Promise<Totals | undefined> {
    try {
      await run(this.#folder.make(this.#layout.locks))
      const lock = await takeLock(this.#layout.maintenanceLock)
      if (lock === 'taken') return undefined
      try {
        return await this.run(idleTurn)
      } finally {
        await lock.release()
      }
    } catch {
      // The folder is gone, or cannot be read: those who need it will tell.
      return undefined
    }
  }
}

export interface MaintenanceParts {
  readonly layout: Layout
  readonly disk: Disk
  readonly folder: Folder
  readonly survey: Survey
  readonly tidying: Tidying
  readonly marks: Marks
  readonly clearing: Clearing
}
