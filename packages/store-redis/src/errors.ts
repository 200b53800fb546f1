/** Why the store did not even ask Redis. */
export type RedisStoreErrorCode = 'CC_REDIS_NOT_READY' | 'CC_REDIS_BUSY' | 'CC_REDIS_CLOSED' | 'CC_REDIS_NO_CLIENT'

/** The store could not do what it was asked; the cache treats that as a miss. */
export class RedisStoreError extends Error {
  override readonly name = 'RedisStoreError'
  readonly code: RedisStoreErrorCode

  constructor(code: RedisStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function notReady(status: string): RedisStoreError {
  return new RedisStoreError('CC_REDIS_NOT_READY', `the client is not connected to Redis (${status})`)
}

export function busy(): RedisStoreError {
  return new RedisStoreError('CC_REDIS_BUSY', 'too many commands wait for an answer of Redis')
}

export function closed(): RedisStoreError {
  return new RedisStoreError('CC_REDIS_CLOSED', 'the store is closed')
}
