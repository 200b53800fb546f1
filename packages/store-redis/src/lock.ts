import { randomBytes } from 'node:crypto'
import type { CacheStore, Lease } from '@cc/core'
import type { Connection } from './connection.js'
import { LockReleases } from './lock-releases.js'
import { GIVE, TAKE } from './lock-scripts.js'
import { LockWait } from './lock-wait.js'

type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]
/** Who has it, and for how long at most, unless it was granted. */
type Taken = [holder: undefined, leftMs: 0] | [holder: string, leftMs: number]

/** How long Redis may take to say whether a lock is free. */
const takeLimitMs = 1_000

/** The right to ask an origin alone, for one of all processes that share a Redis. */
export class Locks {
  readonly #connection: Connection
  readonly #releases: LockReleases

  constructor(connection: Connection) {
    this.#connection = connection
    this.#releases = new LockReleases(connection)
  }

  /** See `lock` of `CacheStore`. Rejects if Redis cannot be asked. */
  async lock(name: string, { leaseMs, waitMs, signal }: LockOptions): Promise<Lease | undefined> {
    const wait = new LockWait(signal)
    const token = randomBytes(16).toString('hex')
    const begun = performance.now()
    const taking = this.#take(name, token, leaseMs)
    try {
      const taken = await Promise.race([taking, wait.over])
      if (taken === undefined || wait.isOver) {
        this.#giveBack(taking, name, token)
        return undefined
      }
      const [holder, leftMs] = taken
      if (holder === undefined) return { release: () => this.#give(name, token) }
      wait.endIn(Math.max(0, Math.min(leftMs, waitMs - (performance.now() - begun))))
      const stop = this.#releases.hear(name, holder, wait.end)
      await wait.over
      stop()
      return undefined
    } finally {
      wait.end()
    }
  }

  close(): void {
    this.#releases.close()
  }

  #take(name: string, token: string, leaseMs: number): Promise<Taken> {
    const lease = Math.max(1, Math.ceil(leaseMs))
    const answer = this.#connection.run(async (client) => {
      const [holder, leftMs = 0] = (await TAKE.run(client, [name], token, lease)) as [string?, number?]
      return [holder, Number(leftMs)] as Taken
    })
    return new Promise((resolve, reject) => {
      let isOver = false
      const late = () => {
        if (isOver) return
        reject(new Error(`Redis did not say within ${takeLimitMs} ms whether a lock is free`))
        this.#giveBack(answer, name, token)
      }
      // A process that stood still has the answer, but has not read it.
      const timer = setTimeout(() => setImmediate(late), takeLimitMs)
      answer.then(resolve, reject).finally(() => {
        isOver = true
        clearTimeout(timer)
      })
    })
  }

  async #give(name: string, token: string): Promise<void> {
    await this.#connection.run((client) => GIVE.run(client, [name], token))
  }

  /** What is granted when nobody waits for it any more is of use to others; where it cannot be given back, it ends by itself. */
  #giveBack(taking: Promise<Taken>, name: string, token: string): void {
    taking.then((taken) => (taken[0] === undefined ? this.#give(name, token) : undefined)).catch(() => {})
  }
}
