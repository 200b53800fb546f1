import type { OwnClient } from './client.js'
import { RedisStoreError } from './errors.js'

/** Options of ioredis, whatever its version. */
export type ClientOptions = Readonly<Record<string, unknown>>

/**
 * How a connection of the store's own fails: at once, with nothing queued and nothing sent twice. ioredis itself would
 * queue what it cannot send, and send it again, for a minute and more.
 */
const failFast: ClientOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1_000,
  // For a chunk of a long body on a slow line. The cache itself waits no longer than `storeTimeoutMs` for anything.
  commandTimeout: 1_000,
  // The only thing that notices a connection whose other end is gone.
  socketTimeout: 2_000,
  // A server that is gone or hangs does not answer a farewell, and the process waits for it.
  disconnectTimeout: 100,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000) * (0.75 + Math.random() / 4),
  reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 1 : false)
}

/** @throws RedisStoreError if ioredis is not installed */
export async function createOwnClient(url: string | undefined, options: ClientOptions): Promise<OwnClient> {
  const Redis = await loadIoredis()
  const all = { ...failFast, ...options }
  const client = url === undefined ? new Redis(all) : new Redis(url, all)
  // Failures reach whoever waits for a command; without a listener ioredis prints each of them.
  client.on('error', () => {})
  return client
}

interface RedisConstructor {
  new (options: ClientOptions): OwnClient
  new (url: string, options: ClientOptions): OwnClient
}

async function loadIoredis(): Promise<RedisConstructor> {
  try {
    const { Redis } = await import('ioredis')
    return Redis as unknown as RedisConstructor
  } catch (cause) {
    throw new RedisStoreError('CC_REDIS_NO_CLIENT', 'install ioredis, or give RedisStore a client', { cause })
  }
}
