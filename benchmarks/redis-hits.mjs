// Hits from Redis: how long a stored response takes, next to a bare read of its bytes and to another cache with Redis.
// `node redis-hits.mjs 1KiB request --rounds 5`

import { startRedis } from '../scripts/start-redis.mjs'
import { measure, options, printTable, ran } from './cli.mjs'
import { ratio, timesOf } from './rounds.mjs'

const concurrencies = [1, 64]

const pairs = [
  ['yardstick again', 'yardstick'],
  ['ours', 'yardstick'],
  ['ours, spread', 'yardstick'],
  ['ours', 'other'],
  ['ours, spread', 'other, spread'],
  ['ours, alone', 'other, alone'],
  ['yardstick', 'other, alone'],
  ['ours, near', 'other, tracking'],
  ['ours, near, share', 'other, tracking'],
  ['ours, near', 'dict'],
  ['ours, 1,000,000 foreign', 'ours, 1,000 foreign']
]

/** `[{ size, api, ratios }]`; a ratio above 1 means that the first of the pair answers more requests per second. */
export async function redisHits(args) {
  // Each kind of contender has a server of its own: what one keeps is in nobody's way but where it is meant to be.
  const servers = []
  const results = []
  try {
    const names = ['ours', 'other', 'ours, alone', 'other, alone', 'near', 'tracking', '1,000', '1,000,000']
    for (const _ of names) servers.push(await startRedis())
    const ports = Object.fromEntries(names.map((name, index) => [name, servers[index].port]))
    for (const size of args.sizes) {
      for (const api of args.apis) {
        for (const concurrency of concurrencies) {
          // 64 bodies of 5 MiB at a time take half a second.
          const turns = size === '5MiB' && concurrency > 1 ? 3 : 20
          const asked = { ...args, size, api, concurrency, ports, turns }
          const { taken, work, missing } = await measure('measure-redis-hits.mjs', asked)
          const at = `${api}, ${concurrency} at a time`
          const ratios = pairs
            .filter((pair) => pair.every((name) => taken[name]))
            .map(([of, to]) => ({ of, to, ...ratio(taken[to], taken[of]) }))
          const title = `hits from Redis, ${size}, ${at} (${args.read}), ${args.rounds} rounds, turns of ${work} × ${concurrency}`
          printTable({ title, taken, ratios, missing })
          results.push({ size, api: at, times: timesOf(taken), ratios })
        }
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
  return results
}

if (ran(import.meta.url)) await redisHits(options(process.argv.slice(2), { rounds: 5 }))
