// Whether a caller waits longer for the first byte of a miss: `node first-bytes.mjs 5MiB --rounds 300`
import { measure, options, ran } from './cli.mjs'
import { quantile } from './rounds.mjs'

/** `[{ size, api, ratios }]`, with the ratios after a pause, and back to back: above 1, the first of the pair waits longer. */
export async function firstBytes(args) {
  const results = []
  for (const size of args.sizes) {
    const { pairs, isPinned } = await measure('measure-first-bytes.mjs', { ...args, size })
    console.log(
      `\nfirst bytes of misses, ${size}, ${args.rounds} rounds${isPinned ? ', origin and client on a core each' : ''}`
    )
    const ratios = pairs.map(({ of, when, waits }) => {
      const ratio = { of: `${of}, ${when}`, to: 'bare', ...comparison(waits) }
      const [bare, median, low, high] = [ratio.bare, ratio.median, ratio.low, ratio.high].map((value) =>
        value.toFixed(3)
      )
      const name = `${of} / bare, ${when}`
      console.log(`  ${name.padEnd(42)} ${median}   ${low} to ${high} (95 %)   bare ${bare} ms`)
      return ratio
    })
    results.push({ size, api: 'request', ratios })
  }
  return results
}

/** The median of the ratios of pairs, and where it lies with 95 % confidence, whatever their distribution. */
function comparison(waits) {
  const ratios = waits.map(({ bare, other }) => other / bare)
  const half = 0.98 / Math.sqrt(ratios.length)
  return {
    bare: quantile(
      waits.map(({ bare }) => bare / 2e6),
      0.5
    ),
    low: quantile(ratios, Math.max(0, 0.5 - half)),
    median: quantile(ratios, 0.5),
    high: quantile(ratios, Math.min(1, 0.5 + half))
  }
}

if (ran(import.meta.url)) await firstBytes(options(process.argv.slice(2), { rounds: 300 }))
