import { type OwnConnection, openConnection, type RedisServer } from './own-connection.js'

/** What a connection tells of. */
export interface TrackingListener {
  /** These keys have changed, or may have; all of them if there are none. */
  changed(keys: readonly string[] | undefined): void
  /** All has been told that changed before the moment it was asked, which is `confirmedAt` now. */
  confirmed(): void
  /** Nothing will be told any more. */
  lost(): void
}

const channel = '__redis__:invalidate'
/** How long a server may take for all that switches the messages on. */
const setUpLimitMs = 2_000

/**
 * One connection to one server, which tells of each change of a key under a prefix, whoever makes it and whoever has read
 * it (`CLIENT TRACKING … BCAST`, redirected to the connection itself).
 *
 * What is told and the answers to PING come in one stream, in the order in which the server knew them. So the answer to
 * a PING proves that everything has been told that anybody had changed, and knew to be changed, before it was sent.
 */
export class TrackingConnection {
  /** The last moment before which all changes are known. */
  confirmedAt = Number.NEGATIVE_INFINITY
  /** When the PING was sent that has not been answered. */
  #askedAt: number | undefined
  #connection: OwnConnection | undefined
  #isLost = false
  /** Rejects when the connection is lost. */
  readonly #ended: Promise<never>
  #end: (error: Error) => void = () => {}
  readonly #listener: TrackingListener
  readonly #now: () => number

  private constructor(listener: TrackingListener, now: () => number) {
    this.#listener = listener
    this.#now = now
    this.#ended = new Promise((_, reject) => {
      this.#end = reject
    })
    this.#ended.catch(() => {})
  }

  /**
   * Has answered when everything is told that changes from now on; rejects if that cannot be had. With `isSame` the
   * server must be the very process that `server` is connected to, which a name may not lead to any more.
   */
  static async open(
    server: RedisServer,
    prefix: string,
    isSame: boolean,
    listener: TrackingListener,
    now: () => number
  ): Promise<TrackingConnection> {
    const tracking = new TrackingConnection(listener, now)
    const timer = setTimeout(() => tracking.close(), setUpLimitMs)
    timer.unref()
    try {
      await Promise.race([tracking.#open(server, prefix, isSame), tracking.#ended])
    } catch (error) {
      tracking.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
    return tracking
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** Asks the server whether all was told; it counts as lost if it has not answered for `limitMs`. */
  beat(limitMs: number): void {
    if (this.#isLost) return
    if (this.#askedAt === undefined) this.#ask().catch(() => this.close())
    else if (this.#isOverdue(limitMs)) {
      // A process that stood still has the answer, but has not read it.
      setImmediate(() => this.#isOverdue(limitMs) && this.close())
    }
  }

  close(): void {
    this.#connection?.disconnect()
    this.#lose()
  }

  async #open(server: RedisServer, prefix: string, isSame: boolean): Promise<void> {
    const run = isSame ? await runOf(server) : undefined
    if (this.#isLost) return
    const connection = await openConnection(server, () => this.#lose())
    if (this.#isLost) return connection.disconnect()
    this.#connection = connection
    const [role] = (await connection.call('ROLE')) as readonly unknown[]
    if (role !== 'master') throw new Error(`the server is a ${role}, not a master`)
    if (run !== undefined && run !== (await runOf(connection))) throw new Error('the server is another one')
    const id = String(await connection.call('CLIENT', 'ID'))
    connection.on('messageBuffer', (from: Buffer, keys: unknown) => {
      if (from.toString() === channel) this.#told(keys)
    })
    await connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', prefix)
    await connection.subscribe(channel)
    await this.#ask()
  }

  async #ask(): Promise<void> {
    const askedAt = this.#now()
    this.#askedAt = askedAt
    await this.#connection?.ping()
    this.#askedAt = undefined
    if (this.#isLost) return
    this.confirmedAt = askedAt
    this.#listener.confirmed()
  }

  #isOverdue(limitMs: number): boolean {
    return this.#askedAt !== undefined && this.#now() - this.#askedAt > limitMs
  }

  /** A list of keys; nothing at all when the database was emptied. */
  #told(keys: unknown): void {
    this.#listener.changed(Array.isArray(keys) ? keys.map(String) : undefined)
  }

  #lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#end(new Error('the connection was lost'))
    this.#listener.lost()
  }
}

/** What tells one run of a server from all others. */
async function runOf(server: Pick<RedisServer, 'call'>): Promise<string> {
  const run = /^run_id:(\w+)/m.exec(String(await server.call('INFO', 'server')))?.[1]
  if (run === undefined) throw new Error('the server does not say which run it is')
  return run
}
