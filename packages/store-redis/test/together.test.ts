import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Cluster, Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { startCluster, startRedis } from './servers/index.js'

const { key, requestTime } = response()
const lengths = [0, 700, 40_000, 65_537, 600_000]

const sets = fc.array(
  fc.record({ store: fc.nat(2), slot: fc.nat(2), at: fc.nat(5), length: fc.constantFrom(...lengths) }),
  { minLength: 5, maxLength: 40 }
)

let redis: Redis
let cluster: Cluster
let runs = 0

beforeAll(async () => {
  redis = new Redis((await startRedis()).url)
  const { nodes } = await startCluster({ masters: 3, replicas: 0 })
  cluster = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
}, 120_000)

afterAll(() => {
  redis.disconnect()
  cluster.disconnect()
})

/** Every response that is found has the body that was stored with its id. */
async function expectWhole(store: RedisStore, lengthOf: (id: string) => number): Promise<string[]> {
  const found: string[] = []
  for (const { response, body } of (await store.get(key)).responses) {
    const n = Number.parseInt(response.id, 16)
    const whole = await bytesOf(body ?? (await store.openBody(key, response.id)))
    // It may have been replaced, and be gone, since it was looked up.
    if (whole === undefined) continue
    expectBytes(whole, bytes(lengthOf(response.id), n))
    found.push(response.id)
  }
  return found
}

for (const [where, clientOf] of [
  ['one server', () => redis],
  ['a cluster', () => cluster]
] as const) {
  describe(`RedisStores that store at the same time on ${where}`, () => {
    it('leave the response requested last in each slot, and never a mixture', async () => {
      await fc.assert(
        fc.asyncProperty(sets, async (sets) => {
          const keyPrefix = `run-${runs++}:`
          const stores = [0, 1, 2].map(() => new RedisStore({ client: clientOf(), keyPrefix }))
          const idOf = (n: number) => hex(n + 1)
          const lengthOf = (id: string) => sets[Number.parseInt(id, 16) - 1]?.length ?? 0
          const reader = stores[0] as RedisStore
          const storing = sets.map(({ store, slot, at, length }, n) =>
            put(stores[store] as RedisStore, bytes(length, n + 1), {
              slot: hex(slot),
              id: idOf(n),
              requestTime: requestTime + at,
              responseTime: requestTime + n
            })
          )
          await Promise.all([...storing, expectWhole(reader, lengthOf), expectWhole(reader, lengthOf)])
          const left = await expectWhole(reader, lengthOf)
          const slots = [...new Set(sets.map(({ slot }) => slot))]
          expect(left).toHaveLength(slots.length)
          for (const id of left) {
            const { slot, at } = sets[Number.parseInt(id, 16) - 1] as (typeof sets)[number]
            const others = sets.filter((other) => other.slot === slot)
            expect(at).toBe(Math.max(...others.map((other) => other.at)))
          }
        }),
        { numRuns: 25, endOnFailure: true }
      )
    }, 180_000)
  })
}
