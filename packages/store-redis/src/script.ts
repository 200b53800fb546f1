import { hash } from 'node:crypto'
import type { RedisArgument, RedisClient } from './client.js'

/** A script that runs on the server in one step. */
export class Script {
  readonly #source: string
  readonly #sha1: string

  constructor(...parts: readonly string[]) {
    this.#source = parts.join('\n')
    this.#sha1 = hash('sha1', this.#source)
  }

  /** Sends the whole script only to a server that does not know it, and then once. */
  async run(client: RedisClient, keys: readonly string[], ...args: RedisArgument[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha1, keys.length, ...keys, ...args)
    } catch (error) {
      if (!isReply(error, 'NOSCRIPT')) throw error
      return await client.eval(this.#source, keys.length, ...keys, ...args)
    }
  }

  /** The same of a script that answers with a number, which some clients give as text. */
  async runForNumber(...args: Parameters<Script['run']>): Promise<number> {
    return Number(await this.run(...args))
  }
}

/** Whether Redis answered with this error. */
export function isReply(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(`${code} `)
}
