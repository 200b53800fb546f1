import type { Socket } from 'node:net'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { libraries } from './libraries.js'
import { expectBytes, put } from './put.js'
import { bytes, hex } from './sample.js'
import { type Redis, startRedis } from './servers/index.js'

let server: Redis

beforeAll(async () => {
  server = await startRedis()
}, 60_000)

const keyOf = (n: number) => `https://example.org/${n}`
/** What was under way when the connection broke is not sent again. */
const givingUp = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false }
const numbers = Array.from({ length: 64 }, (_, n) => n)

for (const [name, library] of libraries) {
  describe(`RedisStore with ${name}, asked for much at a time`, () => {
    async function storeWithClient() {
      const client = library.redis({ host: '127.0.0.1', port: server.port, ...givingUp })
      const store = new RedisStore({ client, keyPrefix: `${name}:` })
      for (const n of numbers) {
        const length = n % 2 === 0 ? 1_000 : 100_000
        await put(store, bytes(length, n), { key: keyOf(n), id: hex(n) })
      }
      // What the library writes to its socket.
      const { stream } = client as unknown as { stream: Socket }
      const writes: string[] = []
      let written = (_count: number) => {}
      const onWrite = (listener: typeof written) => {
        written = listener
      }
      const write = stream.write
      stream.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
        writes.push(String(args[0]))
        const isSent = write.apply(this, args)
        written(writes.length)
        return isSent
      } as Socket['write']
      return { client, store, stream, writes, onWrite }
    }

    it('writes to its socket twice for 64 look-ups, and gives each its own answer', async () => {
      const { store, writes } = await storeWithClient()
      const found = await Promise.all(numbers.map((n) => store.get(keyOf(n))))
      expect(writes).toHaveLength(2)
      for (const n of numbers) {
        const [first] = found[n]?.responses ?? []
        expect(first?.response.id).toBe(hex(n))
        if (n % 2 === 0) expectBytes(first?.body, bytes(1_000, n))
      }
    })

    it('opens bodies the same way', async () => {
      const { store, writes } = await storeWithClient()
      const long = numbers.filter((n) => n % 2 === 1)
      const bodies = await Promise.all(long.map((n) => store.openBody(keyOf(n), hex(n))))
      expect(writes).toHaveLength(2)
      for (const [at, n] of long.entries()) expectBytes(bodies[at] as Uint8Array, bytes(100_000, n))
    })

    it('asks for a long body together with its look-up, once that has led to it', async () => {
      const { store, writes } = await storeWithClient()
      const hit = async (seed: number) => {
        const [found] = (await store.get(keyOf(1))).responses
        const body = await store.openBody(keyOf(1), found?.response.id as string)
        expectBytes(body as Uint8Array, bytes(100_000, seed))
        return writes.splice(0).length
      }
      expect(await hit(1)).toBe(2)
      expect(await hit(1)).toBe(1)
      expect(await hit(1)).toBe(1)
      // Another body has taken its place.
      await put(store, bytes(100_000, 99), { key: keyOf(1), id: hex(99) })
      writes.splice(0)
      expect(await hit(99)).toBe(2)
      expect(await hit(99)).toBe(1)
      // Two look-ups that lead to no body: it is not asked for any more.
      for (let n = 0; n < 2; n++) {
        await store.get(keyOf(1))
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      }
      writes.splice(0)
      expect(await hit(99)).toBe(2)
    })

    it('sends at once what is alone', async () => {
      const { store, writes } = await storeWithClient()
      const found = store.get(keyOf(0))
      expect(writes).toHaveLength(1)
      await found
    })

    it('finds nothing under the key that somebody else has put something under, and all the rest', async () => {
      const { client, store } = await storeWithClient()
      const [index] = (await keysOf(client, `${name}:1:{*}`)) as [string]
      await client.unlink(index)
      await client.set(index, Buffer.from('foreign'), 'PX', 60_000)
      const found = await Promise.all(numbers.map((n) => store.get(keyOf(n))))
      expect(found.filter(({ responses }) => responses.length === 0)).toHaveLength(1)
    })

    it('fails each that could not be sent any more', async () => {
      const { client, store } = await storeWithClient()
      const looking = numbers.map((n) => store.get(keyOf(n)))
      // As a client has it once it knows that the connection is down.
      Object.assign(client, { status: 'close' })
      const [, ...outcomes] = await Promise.allSettled(looking)
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CC_REDIS_NOT_READY' } })
      }
    })

    it('fails each whose answer does not come any more', async () => {
      const { store, stream, onWrite } = await storeWithClient()
      onWrite((count) => {
        if (count === 2) stream.destroy()
      })
      const [, ...outcomes] = await Promise.allSettled(numbers.map((n) => store.get(keyOf(n))))
      expect(outcomes.map(({ status }) => status)).toEqual(numbers.slice(1).map(() => 'rejected'))
    })
  })
}

async function keysOf(client: object, pattern: string): Promise<string[]> {
  return (client as { keys(pattern: string): Promise<string[]> }).keys(pattern)
}
