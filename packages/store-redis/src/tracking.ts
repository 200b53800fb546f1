import type { ChangeListener, Watch } from './near-cache.js'
import type { RedisServer } from './own-connection.js'
import { TrackingConnection } from './tracking-connection.js'
import { type TrackedClient, TrackedServers } from './tracking-servers.js'

export interface TrackingTimes {
  /** Milliseconds on a clock that nobody sets. */
  readonly now: () => number
  /** How long after a change what was before it may still be taken for true, in the worst case. */
  readonly boundMs: number
  /** How often it is made sure that all was told. */
  readonly beatMs: number
}

export const trackingTimes: TrackingTimes = { now: () => performance.now(), boundMs: 1_000, beatMs: 250 }

const firstRetryMs = 50
const lastRetryMs = 2_000
/** Each so many beats the masters of a cluster are asked whether they still are. */
const beatsPerRoleCheck = 20

/**
 * Listens to every server that may answer a look-up: the one the client has, or all masters of a cluster. `isTrusted` says
 * whether no change is unheard of that anybody knew of longer than the bound ago.
 *
 * Trust is never assumed to last. It is a moment in the future that each answer to a PING moves on; when a server falls
 * silent, a process stands still or a timer comes late, it passes by itself. When a connection ends, the client loses its
 * own, or the masters are others, everything is forgotten at once, and trust comes back when all of them are listened to
 * again.
 */
export class Tracking implements Watch {
  readonly #connect: () => Promise<TrackedClient>
  readonly #prefix: string
  readonly #times: TrackingTimes
  readonly #connections = new Map<string, TrackingConnection>()
  #listener: ChangeListener | undefined
  #servers: TrackedServers | undefined
  #trustedUntil = Number.NEGATIVE_INFINITY
  #isArmed = false
  #isArming = false
  /** Something has happened since arming began. */
  #isDoubted = false
  #isClosed = false
  #failures = 0
  #beats = 0
  #retry: NodeJS.Timeout | undefined
  #beating: NodeJS.Timeout | undefined

  /** @param prefix - of the keys whose changes are told, without what the client puts before it */
  constructor(connect: () => Promise<TrackedClient>, prefix: string, times: TrackingTimes = trackingTimes) {
    this.#connect = connect
    this.#prefix = prefix
    this.#times = times
  }

  get isTrusted(): boolean {
    return this.#times.now() < this.#trustedUntil
  }

  /** Looks at what the client knows of its servers, and asks nobody. */
  confirms(): boolean {
    if (this.#isArmed && !this.#coversServers()) this.#doubt()
    return this.#isArmed
  }

  start(listener: ChangeListener): void {
    if (this.#listener !== undefined || this.#isClosed) return
    this.#listener = listener
    this.#connect().then(
      (client) => this.#begin(client),
      () => {
        // The next look-up tries again.
        this.#listener = undefined
      }
    )
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearInterval(this.#beating)
    this.#servers?.close()
    this.#doubt()
    this.#closeAll()
  }

  #begin(client: TrackedClient): void {
    if (this.#isClosed) return
    this.#servers = new TrackedServers(client, () => this.#serversChanged())
    this.#beating = setInterval(() => this.#beat(), this.#times.beatMs)
    this.#beating.unref()
    this.#arm(this.#servers)
  }

  #serversChanged(): void {
    if (this.#servers?.isCluster) {
      if (!this.#coversServers()) this.#doubt()
      return
    }
    // When the client is back, it may be connected to another server.
    this.#doubt()
    this.#closeAll()
  }

  #coversServers(): boolean {
    return this.#servers?.areAll(this.#connections) === true
  }

  async #arm(servers: TrackedServers): Promise<void> {
    if (this.#isArming || this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#isArming = true
    const all = servers.all()
    for (const [name, connection] of this.#connections) if (!all.has(name)) this.#closeOne(name, connection)
    this.#isDoubted = false
    const missing = [...all].filter(([name]) => !this.#connections.has(name))
    await Promise.allSettled(missing.map(([name, server]) => this.#open(name, server, servers)))
    this.#isArming = false
    if (this.#isClosed || (this.#isDoubted && !servers.isCluster)) this.#closeAll()
    if (this.#isClosed) return
    if (this.#isDoubted || !this.#coversServers()) return this.#armLater()
    this.#failures = 0
    this.#isArmed = true
    this.#trust()
  }

  async #open(name: string, server: RedisServer, { isCluster, keyPrefix }: TrackedServers): Promise<void> {
    const connection = await TrackingConnection.open(
      server,
      keyPrefix + this.#prefix,
      !isCluster,
      {
        changed: (keys) => {
          if (keys === undefined) this.#listener?.flush()
          else for (const key of keys) this.#listener?.drop(key.slice(keyPrefix.length))
        },
        confirmed: () => this.#isArmed && this.#trust(),
        lost: () => this.#lost(name)
      },
      this.#times.now
    )
    if (!connection.isLost) this.#connections.set(name, connection)
  }

  #lost(name: string): void {
    if (this.#connections.get(name)?.isLost) this.#connections.delete(name)
    if (!this.#isClosed) this.#doubt()
  }

  /** Nothing is known any more. */
  #doubt(): void {
    this.#isDoubted = true
    this.#isArmed = false
    this.#trustedUntil = Number.NEGATIVE_INFINITY
    this.#listener?.flush()
    this.#armLater()
  }

  /** At once the first time, later and later then. */
  #armLater(): void {
    const servers = this.#servers
    if (servers === undefined || this.#isClosed || this.#isArming || this.#retry !== undefined) return
    const waitMs = this.#failures === 0 ? 0 : Math.min(firstRetryMs * 2 ** (this.#failures - 1), lastRetryMs)
    this.#failures++
    this.#retry = setTimeout(() => this.#arm(servers), waitMs * (1 + Math.random() / 4))
    this.#retry.unref()
  }

  #trust(): void {
    let confirmedAt = Number.POSITIVE_INFINITY
    for (const connection of this.#connections.values()) {
      confirmedAt = Math.min(confirmedAt, connection.confirmedAt)
    }
    this.#trustedUntil = confirmedAt + this.#times.boundMs
  }

  #beat(): void {
    for (const connection of this.#connections.values()) connection.beat(this.#times.boundMs)
    if (this.#servers?.isCluster && this.#isArmed && ++this.#beats % beatsPerRoleCheck === 0) {
      for (const server of this.#servers.all().values()) this.#checkRole(server)
    }
  }

  /** A master that was replaced while it was healthy says nothing of it, and goes on telling what it hears. */
  async #checkRole(server: RedisServer): Promise<void> {
    const role = (await server.call('ROLE').catch(() => [])) as readonly unknown[]
    if (role[0] !== 'master' && this.#isArmed) this.#doubt()
  }

  #closeAll(): void {
    for (const [name, connection] of this.#connections) this.#closeOne(name, connection)
  }

  #closeOne(name: string, connection: TrackingConnection): void {
    this.#connections.delete(name)
    connection.close()
  }
}
