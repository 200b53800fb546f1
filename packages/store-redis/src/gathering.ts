import type { Answered, RedisClient, RedisPipeline } from './client.js'
import { notReady } from './errors.js'

/** A command that only reads. */
export interface Read<T> {
  alone(client: RedisClient): Promise<T>
  along(pipeline: RedisPipeline, answered: Answered<T>): unknown
}

interface Gathered {
  alone(client: RedisClient): void
  along(pipeline: RedisPipeline): void
  fail(error: unknown): void
}

/**
 * Sends what is read in one turn of the event loop in one piece: a client writes each command to its socket by itself, and
 * with many of them at a time that takes longer than all the rest.
 */
export class Gathering {
  #gathered: Gathered[] = []

  /** Sends it at the end of this turn; `client` is the same each time. */
  send<T>(client: RedisClient, read: Read<T>): Promise<T> {
    if (client.pipeline === undefined) return read.alone(client)
    return new Promise((resolve, reject) => {
      const answered: Answered<T> = (error, answer) => (error ? reject(error) : resolve(answer as T))
      this.#gathered.push({
        alone: (client) => read.alone(client).then(resolve, reject),
        along: (pipeline) => read.along(pipeline, answered),
        fail: reject
      })
      if (this.#gathered.length === 1) setImmediate(() => this.#sendAll(client))
    })
  }

  #sendAll(client: RedisClient): void {
    const gathered = this.#gathered
    this.#gathered = []
    try {
      if (client.status !== 'ready') throw notReady(client.status)
      if (gathered.length === 1) return gathered[0]?.alone(client)
      const pipeline = client.pipeline?.() as RedisPipeline
      for (const read of gathered) read.along(pipeline)
      // Each is told of its own failure.
      pipeline.exec().catch(() => {})
    } catch (error) {
      for (const read of gathered) read.fail(error)
    }
  }
}
