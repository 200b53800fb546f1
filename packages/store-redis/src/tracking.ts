import type { ChangeListener, Watch } from './near-cache.js'
import type { RedisServer } from './own-connection.js'
import { TrackingConnection } from './tracking-connection.js'

/** The client whose servers are listened to: one server, or a cluster, which tells when its nodes change. */
export interface TrackedClient {
  nodes?(role: 'master'): RedisServer[]
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

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
/** Each so many beats the masters are asked whether they still are. */
const beatsPerRoleCheck = 20

/**
 * Listens to every server that may answer a look-up: the one the client has, or all masters of a cluster. `isTrusted` says
 * whether no change is unheard of that anybody knew of longer than the bound ago.
 *
 * Trust is never assumed to last. It is a moment in the future that each answer to a PING moves on; a server that falls
 * silent, a process that stood still, a timer that comes late: it passes by itself. When a connection ends, the client
 * loses its own, or the masters are others, everything is forgotten at once, and trust comes back when all of them are
 * listened to again.
 */
export class Tracking implements Watch {
  readonly #client: TrackedClient
  readonly #prefix: string
  readonly #times: TrackingTimes
  readonly #connections = new Map<string, TrackingConnection>()
  #listener: ChangeListener | undefined
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

  /** @param prefix - of the keys whose changes are told, as the server has it */
  constructor(client: TrackedClient, prefix: string, times: TrackingTimes = trackingTimes) {
    this.#client = client
    this.#prefix = prefix
    this.#times = times
  }

  get isTrusted(): boolean {
    return this.#times.now() < this.#trustedUntil
  }

  /** Whether the masters are still the ones that are listened to. Looks at what the client knows, and asks nobody. */
  confirms(): boolean {
    if (this.#isArmed && !this.#coversMasters()) this.#doubt()
    return this.#isArmed
  }

  start(listener: ChangeListener): void {
    if (this.#listener !== undefined || this.#isClosed) return
    this.#listener = listener
    for (const event of this.#events) this.#client.on(event, this.#onEvent)
    this.#beating = setInterval(() => this.#beat(), this.#times.beatMs)
    this.#beating.unref()
    this.#arm()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearInterval(this.#beating)
    if (this.#listener !== undefined) for (const event of this.#events) this.#client.off(event, this.#onEvent)
    this.#doubt()
    this.#closeAll()
  }

  get #isCluster(): boolean {
    return this.#client.nodes !== undefined
  }

  get #events(): readonly string[] {
    return this.#isCluster ? ['+node', '-node', 'refresh'] : ['close']
  }

  readonly #onEvent = (): void => {
    if (this.#isCluster) {
      if (!this.#coversMasters()) this.#doubt()
      return
    }
    // When it is back, it may be connected to another server.
    this.#doubt()
    this.#closeAll()
  }

  /** The servers to listen to, by name. */
  #masters(): Map<string, RedisServer> {
    const { nodes } = this.#client
    if (nodes === undefined) return new Map([['', this.#client as unknown as RedisServer]])
    return new Map(nodes.call(this.#client, 'master').map((node) => [nameOf(node), node]))
  }

  #coversMasters(): boolean {
    const { nodes } = this.#client
    if (nodes === undefined) return this.#connections.size === 1
    const masters = nodes.call(this.#client, 'master')
    return masters.length === this.#connections.size && masters.every((node) => this.#connections.has(nameOf(node)))
  }

  async #arm(): Promise<void> {
    if (this.#isArming || this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#isArming = true
    const masters = this.#masters()
    for (const [name, connection] of this.#connections) if (!masters.has(name)) this.#closeOne(name, connection)
    this.#isDoubted = false
    const opening = [...masters].filter(([name]) => !this.#connections.has(name))
    await Promise.allSettled(opening.map(([name, server]) => this.#open(name, server)))
    this.#isArming = false
    if (this.#isClosed || (this.#isDoubted && !this.#isCluster)) this.#closeAll()
    if (this.#isClosed) return
    if (this.#isDoubted || masters.size === 0 || !this.#coversMasters()) return this.#armLater()
    this.#failures = 0
    this.#isArmed = true
    this.#trust()
  }

  async #open(name: string, server: RedisServer): Promise<void> {
    const connection: TrackingConnection = await TrackingConnection.open(
      server,
      this.#prefix,
      !this.#isCluster,
      {
        changed: (keys) => {
          if (keys === undefined) this.#listener?.flush()
          else for (const key of keys) this.#listener?.drop(key)
        },
        confirmed: () => this.#isArmed && this.#trust(),
        lost: () => this.#lost(name)
      },
      this.#times.now
    )
    if (connection.isLost) return
    this.#connections.set(name, connection)
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
    if (this.#isClosed || this.#isArming || this.#retry !== undefined) return
    const waitMs = this.#failures === 0 ? 0 : Math.min(firstRetryMs * 2 ** (this.#failures - 1), lastRetryMs)
    this.#failures++
    this.#retry = setTimeout(() => this.#arm(), waitMs * (1 + Math.random() / 4))
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
    if (this.#isCluster && this.#isArmed && ++this.#beats % beatsPerRoleCheck === 0) this.#checkRoles()
  }

  /** A master that was replaced while it was healthy says nothing of it, and goes on telling what it hears. */
  #checkRoles(): void {
    for (const node of this.#masters().values()) {
      const asking = node.call('ROLE')
      asking.then(
        (role) => (role as readonly unknown[])[0] !== 'master' && this.#doubt(),
        () => this.#doubt()
      )
    }
  }

  #closeAll(): void {
    for (const [name, connection] of this.#connections) this.#closeOne(name, connection)
  }

  #closeOne(name: string, connection: TrackingConnection): void {
    this.#connections.delete(name)
    connection.close()
  }
}

function nameOf({ options }: RedisServer): string {
  return `${options.host}:${options.port}`
}
