/** A server that the store can open connections of its own to: a client of one server, or a node of a cluster. */
export interface RedisServer {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  duplicate(override: OwnOptions): OwnConnection
  call(command: string, ...args: string[]): Promise<unknown>
}

/** What of a client is used for a connection of the store's own. */
export interface OwnConnection {
  connect(): Promise<unknown>
  call(command: string, ...args: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  disconnect(): void
  /** Set once it is connected. */
  readonly stream?: unknown
}

interface OwnOptions {
  readonly protocol: 2
  readonly keyPrefix: ''
  readonly lazyConnect: true
  readonly enableOfflineQueue: boolean
  readonly enableReadyCheck: false
  readonly autoResubscribe: false
  readonly autoResendUnfulfilledCommands: false
  readonly maxRetriesPerRequest: 0
  readonly enableAutoPipelining: false
  readonly connectTimeout: number
  readonly commandTimeout: undefined
  readonly socketTimeout: undefined
  readonly disconnectTimeout: number
  readonly retryStrategy: null
  readonly reconnectOnError: null
  readonly readOnly: false
}

/** How long it may take to connect. */
const connectLimitMs = 2_000

/**
 * Opens a connection like the one the client has, which lives once: it never reconnects by itself, for what was
 * subscribed or switched on would be lost without a sign. `lost` is called when it has ended, once, for whatever reason.
 * It keeps no process alive.
 *
 * It speaks RESP2, because ioredis 6 drops the messages of invalidation that come by RESP3.
 */
export async function openConnection(server: RedisServer, lost: () => void): Promise<OwnConnection> {
  const connection = server.duplicate({
    protocol: 2,
    keyPrefix: '',
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: false,
    connectTimeout: connectLimitMs,
    commandTimeout: undefined,
    socketTimeout: undefined,
    disconnectTimeout: 100,
    retryStrategy: null,
    reconnectOnError: null,
    readOnly: false
  })
  let isLost = false
  const end = () => {
    if (isLost) return
    isLost = true
    lost()
  }
  // What is wrong with it is told by its end.
  connection.on('error', () => {})
  connection.on('close', end)
  connection.on('end', end)
  // A server that accepts and says nothing is none.
  const timer = setTimeout(() => connection.disconnect(), connectLimitMs)
  timer.unref()
  try {
    await connection.connect()
  } catch (error) {
    connection.disconnect()
    throw error
  } finally {
    clearTimeout(timer)
  }
  const { stream } = connection as { stream?: { unref?: () => void } }
  stream?.unref?.()
  return connection
}
