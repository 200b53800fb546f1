import { canListen } from './client.js'
import type { Connection } from './connection.js'
import { HOLDER } from './lock-scripts.js'
import { type OwnConnection, openConnection, type RedisServer } from './own-connection.js'

/** Those who wait for one lock. */
interface Crowd {
  readonly name: string
  readonly waiters: Set<{ readonly holder: string; readonly end: () => void }>
  /** Whether its releases are heard. */
  isHeard: boolean
  isBeingChecked: boolean
  /** Somebody has come while it was looked at. */
  isToBeChecked: boolean
}

/** How often it is asked for what may have been missed. */
const checkEveryMs = 1_000
/** For so many locks at a time. */
const maxChecked = 100

/**
 * Ends the waits for locks at their release. One connection hears of all releases that anybody in this process waits for;
 * it is opened for the first of them. A message can be lost, with its connection or before it is listened for: so each
 * lock is looked at once when its channel is listened to, and all of them, a hundred at most, once a second.
 */
export class LockReleases {
  readonly #redis: Connection
  /** By the name of the lock, which is the channel that its release is told in, but for what the client puts before it. */
  readonly #crowds = new Map<string, Crowd>()
  #opening: Promise<OwnConnection> | undefined
  #connection: OwnConnection | undefined
  #keyPrefix = ''
  #checking: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(redis: Connection) {
    this.#redis = redis
  }

  /** Calls `end` when `holder` does not have the lock any more, or when that cannot be known; what is returned stops that. */
  hear(name: string, holder: string, end: () => void): () => void {
    const waiter = { holder, end }
    const crowd = this.#crowds.get(name) ?? {
      name,
      waiters: new Set(),
      isHeard: false,
      isBeingChecked: false,
      isToBeChecked: false
    }
    crowd.waiters.add(waiter)
    this.#crowds.set(name, crowd)
    if (this.#isClosed) end()
    else {
      this.#checking ??= setInterval(() => this.#checkAll(), checkEveryMs)
      this.#listen(crowd)
    }
    return () => {
      crowd.waiters.delete(waiter)
      if (crowd.waiters.size === 0 && this.#crowds.get(name) === crowd) this.#leave(name)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.disconnect()
    for (const { waiters } of this.#crowds.values()) for (const { end } of waiters) end()
  }

  async #listen(crowd: Crowd): Promise<void> {
    try {
      if (!crowd.isHeard) {
        const connection = await this.#subscriber()
        await connection.subscribe(this.#keyPrefix + crowd.name)
        crowd.isHeard = connection === this.#connection
      }
    } catch {
      // Then it is looked at now and then.
    }
    await this.#check(crowd)
  }

  #leave(name: string): void {
    this.#crowds.delete(name)
    // If that fails, the connection is gone, and with it all that was listened to.
    this.#connection?.unsubscribe(this.#keyPrefix + name).catch(() => {})
    if (this.#crowds.size > 0) return
    clearInterval(this.#checking)
    this.#checking = undefined
  }

  async #check(crowd: Crowd): Promise<void> {
    crowd.isToBeChecked = true
    if (crowd.isBeingChecked) return
    crowd.isBeingChecked = true
    while (crowd.isToBeChecked) {
      crowd.isToBeChecked = false
      // Those who come meanwhile have been told of a later holder.
      const waiters = [...crowd.waiters]
      const holder = await this.#redis.run((client) => HOLDER.run(client, [crowd.name])).catch(() => undefined)
      for (const waiter of waiters) if (waiter.holder !== holder) waiter.end()
    }
    crowd.isBeingChecked = false
  }

  #checkAll(): void {
    for (const [name, crowd] of [...this.#crowds].slice(0, maxChecked)) {
      // Next time others have their turn.
      this.#crowds.delete(name)
      this.#crowds.set(name, crowd)
      this.#listen(crowd)
    }
  }

  #subscriber(): Promise<OwnConnection> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #open(): Promise<OwnConnection> {
    const connection = await openConnection(await this.#server(), () => {
      this.#opening = undefined
      this.#connection = undefined
      for (const crowd of this.#crowds.values()) crowd.isHeard = false
    })
    if (this.#isClosed) connection.disconnect()
    connection.on('message', (channel: string, token: string) => this.#released(channel, token))
    this.#connection = connection
    return connection
  }

  /** Any of a cluster will do: what is published on one is told on all. */
  async #server(): Promise<RedisServer> {
    const client = await this.#redis.ready()
    this.#keyPrefix = String(client.options.keyPrefix ?? '')
    const servers = client.nodes?.('master') ?? [client]
    const server = servers[Math.floor(Math.random() * servers.length)]
    if (server === undefined || !canListen(client)) throw new Error('there is no server to listen to')
    return server as unknown as RedisServer
  }

  #released(channel: string, token: string): void {
    const waiters = this.#crowds.get(channel.slice(this.#keyPrefix.length))?.waiters ?? []
    for (const waiter of [...waiters]) if (waiter.holder === token) waiter.end()
  }
}
