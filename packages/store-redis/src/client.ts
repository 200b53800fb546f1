/** What goes to Redis as an argument. */
export type RedisArgument = string | Buffer | number

/**
 * The part of a client that the store uses. A `Redis` or `Cluster` of ioredis 5 or 6 fits, and so do those of iovalkey.
 * The client stays the user's: nothing of it is changed, and it is never closed.
 */
export interface RedisClient {
  /** `ready` once commands are taken. */
  readonly status: string
  /** The client puts `keyPrefix` before each key, but not before the pattern of SCAN. */
  readonly options: { readonly keyPrefix?: string | Buffer | undefined }

  hvalsBuffer(key: string): Promise<Buffer[]>
  hgetBuffer(key: string, field: string): Promise<Buffer | null>
  hmgetBuffer(key: string, ...fields: string[]): Promise<(Buffer | null)[]>
  getBuffer(key: string): Promise<Buffer | null>
  set(key: string, value: Buffer, unit: 'PX', milliseconds: number): Promise<unknown>
  unlink(key: string): Promise<unknown>
  pexpire(key: string, milliseconds: number): Promise<unknown>
  evalsha(sha1: string, keyCount: number, ...args: RedisArgument[]): Promise<unknown>
  eval(script: string, keyCount: number, ...args: RedisArgument[]): Promise<unknown>

  /** Missing where commands can only be sent one by one. */
  pipeline?(): RedisPipeline

  /** Missing on a cluster, whose nodes are scanned one by one. */
  scan?(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    count: 'COUNT',
    keys: number
  ): Promise<[cursor: string, keys: string[]]>
  /** Another one after each reconnect. */
  readonly stream?: unknown
  /** The nodes of a cluster; missing on a client of one server. */
  nodes?(role: 'master'): RedisNode[]

  connect(): Promise<void>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/** Hears of the answer to one of several commands. */
export type Answered<T> = (error: Error | null | undefined, answer?: T) => void

/** Commands that are sent together; each is answered as soon as its own answer is there. */
export interface RedisPipeline {
  hvalsBuffer(key: string, answered: Answered<Buffer[]>): unknown
  hmgetBuffer(...args: [key: string, ...fields: string[], answered: Answered<(Buffer | null)[]>]): unknown
  exec(): Promise<unknown>
}

/** One server of a cluster. */
export type RedisNode = Required<Pick<RedisClient, 'scan'>> & Pick<RedisClient, 'stream'>

/** A client that the store made, and so has to close. */
export interface OwnClient extends RedisClient {
  disconnect(): void
}

/** Whether connections like those of this client can be opened, to hear of what others do. */
export function canListen(client: RedisClient): boolean {
  return isCluster(client) || typeof (client as { duplicate?: unknown }).duplicate === 'function'
}

export function isCluster(client: RedisClient): client is RedisClient & Required<Pick<RedisClient, 'nodes'>> {
  return typeof client.nodes === 'function'
}
