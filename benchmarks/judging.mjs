import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'

/** `{ name, value, target, wording, met }` for each ratio of the results that has a target. */
export function judge(path, results, targets, meets, wording) {
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

export const atLeast = [(value, target) => value >= target, 'at least']
export const atMost = [(value, target) => value <= target, 'at most']

/**
 * Prints what was measured next to what it should be, and which controls were off. Ends with 1 if a target is missed.
 *
 * @param measured - results by the path they were measured on
 * @param json - the file to write all of it to, if it is to be kept
 */
export function report(judged, measured, { json } = {}) {
  console.log('\nTargets')
  for (const { name, value, target, wording, met } of judged) {
    console.log(
      `  ${name.padEnd(58)} ${value.toFixed(3)}   ${wording} ${target.toFixed(2)}   ${met ? 'met' : 'MISSED'}`
    )
  }
  for (const [path, results] of Object.entries(measured)) {
    for (const { size, api, ratios } of results) {
      const control = ratios.find(({ of, to }) => of === `${to} again`)
      if (control === undefined || Math.abs(control.median - 1) <= 0.02) continue
      console.log(`  noisy: ${path}, ${size}, ${api}: the control reads ${control.median.toFixed(3)}`)
    }
  }
  if (judged.length === 0) console.log('  nothing to judge: ours could not be measured')
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), measured, judged }, null, 1)}\n`)
  if (judged.length === 0 || judged.some(({ met }) => !met)) process.exitCode = 1
}

/** What the numbers are of. */
const machine = () => ({
  node: process.versions.node,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  // At the end, our own processes among it.
  load: Number(loadavg()[0].toFixed(1)),
  date: new Date().toISOString().slice(0, 10)
})
