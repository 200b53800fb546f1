import { isCluster, type OwnClient, type RedisClient } from './client.js'
import { busy, closed, notReady } from './errors.js'
import { Gathering, type Read } from './gathering.js'

/** So many commands may be under way, and so many bytes on their way to Redis: a client would queue any number. */
const MAX_COMMANDS = 10_000
const MAX_BYTES = 67_108_864

/** Statuses of a client that has not connected yet, but is about to. */
const CONNECTING: ReadonlySet<string> = new Set(['wait', 'connecting', 'connect'])

/**
 * Sends commands through a client, or fails at once: while the connection is down, or once too many commands wait for
 * their answers.
 */
export class Connection {
  #client: RedisClient | undefined
  /** Set where the client is the store's own. */
  readonly #create: (() => Promise<OwnClient>) | undefined
  #creating: Promise<OwnClient> | undefined
  #own: OwnClient | undefined
  #firstReady: Promise<void> | undefined
  #isClosed = false
  #commands = 0
  #bytes = 0
  readonly #gathering = new Gathering()
  readonly #answered = (): void => {
    this.#commands--
  }

  /** @param client - the user's, or what makes one of the store's own */
  constructor(client: RedisClient | (() => Promise<OwnClient>)) {
    if (typeof client === 'function') this.#create = client
    else this.#client = client
  }

  /** Sends what `send` sends, if it can be sent now; if nothing was ever sent, once the client has connected. */
  run<T>(send: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client
    if (client === undefined || client.status !== 'ready' || this.#isClosed) return this.#runWhenReady(send)
    if (this.#commands >= MAX_COMMANDS) return Promise.reject(busy())
    this.#commands++
    const answer = send(client)
    answer.then(this.#answered, this.#answered)
    return answer
  }

  /** The same for a command that only reads: while others wait for their answers, it is sent with what else this turn reads. */
  read<T>(read: Read<T>): Promise<T> {
    return this.#commands === 0 ? this.run((client) => read.alone(client)) : this.#readTogether(read)
  }

  /** Two of these in one piece. */
  readBoth<A, B>(one: Read<A>, other: Read<B>): [Promise<A>, Promise<B>] {
    return [this.#readTogether(one), this.#readTogether(other)]
  }

  /** The same for a command that takes so many bytes along. */
  async runWith<T>(bytes: number, send: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#bytes > 0 && this.#bytes + bytes > MAX_BYTES) throw busy()
    this.#bytes += bytes
    try {
      return await this.run(send)
    } finally {
      this.#bytes -= bytes
    }
  }

  /** The client, once it takes commands. */
  ready(): Promise<RedisClient> {
    return this.run(async (client) => client)
  }

  /** Closes what the store opened. */
  async close(): Promise<void> {
    this.#isClosed = true
    // One that is being made closes itself.
    this.#own?.disconnect()
  }

  #readTogether<T>(read: Read<T>): Promise<T> {
    return this.run((client) => (isCluster(client) ? read.alone(client) : this.#gathering.send(client, read)))
  }

  async #runWhenReady<T>(send: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#commands >= MAX_COMMANDS) throw busy()
    this.#commands++
    try {
      const client = this.#client ?? (await this.#ownClient())
      if (this.#isClosed) throw closed()
      if (client.status !== 'ready') await this.#untilReady(client)
      return await send(client)
    } finally {
      this.#commands--
    }
  }

  /** Waits while a client connects for the first time; after that, a client that is not ready has lost its connection. */
  #untilReady(client: RedisClient): Promise<void> {
    if (!CONNECTING.has(client.status)) throw notReady(client.status)
    this.#firstReady ??= firstReady(client).finally(() => {
      this.#firstReady = undefined
    })
    return this.#firstReady
  }

  #ownClient(): Promise<OwnClient> {
    this.#creating ??= this.#createOwn()
    return this.#creating
  }

  async #createOwn(): Promise<OwnClient> {
    if (this.#isClosed) throw closed()
    try {
      const client = await (this.#create as () => Promise<OwnClient>)()
      if (this.#isClosed) client.disconnect()
      this.#own = client
      this.#client = client
      return client
    } catch (error) {
      this.#creating = undefined
      throw error
    }
  }
}

/** Resolves when the client is ready, rejects when this attempt to connect has failed. */
function firstReady(client: RedisClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      client.off('ready', settle)
      client.off('close', settle)
      client.off('end', settle)
      if (client.status === 'ready') resolve()
      else reject(notReady(client.status))
    }
    client.on('ready', settle)
    client.on('close', settle)
    client.on('end', settle)
    // It tells by its events.
    if (client.status === 'wait') client.connect().catch(() => {})
  })
}
