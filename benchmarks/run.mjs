// All that is measured, and next to it what it should be. Ends with 1 if a target is missed.
import { options } from './cli.mjs'
import { firstBytes } from './first-bytes.mjs'
import { hits } from './hits.mjs'
import { atLeast, atMost, judge, report } from './judging.mjs'
import { misses } from './misses.mjs'

const args = options(process.argv.slice(2))
const hitTargets = (size) => ({
  'ours / yardstick': 0.9,
  'ours, share / yardstick, share': 0.9,
  // What tells subscribers costs nothing where there are none: no more than the control may be off.
  'ours / ours, unheard': 0.98,
  // undici's cache hands out the stored bytes themselves: only that is compared where the copy is most of the work.
  ...(size === '1KiB' && { 'ours / undici': 1 }),
  'ours, share / undici': 1
})
// Beyond the buffer for copies, what it costs to keep a body is judged apart from what it costs to pass it on.
const missTargets = (size) => ({
  ...(size === '5MiB' ? { 'ours / ours, not kept': 1.05 } : { 'ours / bare': 1.05 }),
  // Where nobody else asks, that others could have waited is not to be noticed; in longer ones it would not be in any case.
  ...(size === '1KiB' && { 'ours / ours, not collapsed': 1.02 })
})
// Of long bodies by pairs of requests: what one of them leaves to do would fall on the turn of another contender.
const firstByteTargets = (size) => (size === '5MiB' ? {} : { 'ours / bare': 1.05 })
const longFirstByteTargets = () => ({ 'ours, after a pause / bare': 1.05, 'ours, back to back / bare': 1.05 })

const hitResults = await hits(args)
const missResults = await misses(args)
const firstByteResults = await firstBytes({ ...args, sizes: args.sizes.filter((size) => size === '5MiB'), rounds: 300 })
const judged = [
  ...judge('hits', hitResults, hitTargets, ...atLeast),
  ...judge('misses', missResults, missTargets, ...atMost),
  ...judge(
    'first bytes of misses',
    missResults.map(({ firstByteRatios, ...result }) => ({ ...result, ratios: firstByteRatios })),
    firstByteTargets,
    ...atMost
  ),
  ...judge('first bytes of misses', firstByteResults, longFirstByteTargets, ...atMost)
]

report(judged, { hits: hitResults, misses: missResults, 'first bytes of misses': firstByteResults }, args)
