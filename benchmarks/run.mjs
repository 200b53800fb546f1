// All that is measured, and next to it what it should be. Ends with 1 if a target is missed.
import { options } from './cli.mjs'
import { hits } from './hits.mjs'
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
const firstByteTargets = () => ({ 'ours / bare': 1.05 })

const hitResults = await hits(args)
const missResults = await misses(args)
const judged = [
  ...judge('hits', hitResults, hitTargets, (value, target) => value >= target, 'at least'),
  ...judge('misses', missResults, missTargets, (value, target) => value <= target, 'at most'),
  ...judge(
    'first bytes of misses',
    missResults.map(({ firstByteRatios, ...result }) => ({ ...result, ratios: firstByteRatios })),
    firstByteTargets,
    (value, target) => value <= target,
    'at most'
  )
]

console.log('\nTargets')
for (const { name, value, target, wording, met } of judged) {
  console.log(`  ${name.padEnd(58)} ${value.toFixed(3)}   ${wording} ${target.toFixed(2)}   ${met ? 'met' : 'MISSED'}`)
}
for (const [path, results] of Object.entries({ hits: hitResults, misses: missResults })) {
  for (const { size, api, ratios } of results) {
    const control = ratios.find(({ of, to }) => of === `${to} again`)
    if (control === undefined || Math.abs(control.median - 1) <= 0.02) continue
    console.log(`  noisy: ${path}, ${size}, ${api}: the control reads ${control.median.toFixed(3)}`)
  }
}
if (judged.length === 0) console.log('  nothing to judge: ours could not be measured')
if (judged.length === 0 || judged.some(({ met }) => !met)) process.exitCode = 1

function judge(path, results, targets, meets, wording) {
  return results.flatMap(({ size, api, ratios }) => {
    const wanted = targets(size)
    return ratios
      .map(({ of, to, median }) => ({ pair: `${of} / ${to}`, value: median }))
      .filter(({ pair }) => pair in wanted)
      .map(({ pair, value }) => {
        const target = wanted[pair]
        return { name: `${path}, ${size}, ${api}: ${pair}`, value, target, wording, met: meets(value, target) }
      })
  })
}
