// What is measured with Redis, and next to it what it should be. Ends with 1 if a target is missed.
import { options } from './cli.mjs'
import { atLeast, judge, report } from './judging.mjs'
import { redisHits } from './redis-hits.mjs'

const speedup = { '1KiB': 6, '100KiB': 3, '5MiB': 2 }
const targets = (size) => ({
  'ours / other': speedup[size],
  'ours, spread / other, spread': speedup[size],
  // In 1.2 times its time.
  'ours / yardstick': 1 / 1.2,
  'ours, near, share / other, tracking': 1,
  'ours, near / dict': 0.85,
  'ours, 1,000,000 foreign / ours, 1,000 foreign': 0.95
})

const args = options(process.argv.slice(2), { rounds: 5 })
const results = await redisHits(args)
report(judge('hits from Redis', results, targets, ...atLeast), { hits: results }, args)
