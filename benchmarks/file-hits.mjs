// Hits from a folder, next to reading the same bytes, and to other caches on disk. `node file-hits.mjs 1KiB --rounds 60`
import { measure, options, printTable, ran } from './cli.mjs'
import { fileSizes } from './origin.mjs'
import { ratio, timesOf } from './rounds.mjs'

const pairs = [
  ['yardstick again', 'yardstick'],
  ['ours', 'yardstick'],
  ['ours', 'make-fetch-happen'],
  ['ours', 'undici sqlite'],
  ['ours, length', 'undici sqlite']
]

/** `[{ size, api, ratios }]`; a ratio above 1 means that the first of the pair answers more requests per second. */
export async function fileHits(args) {
  const results = []
  for (const size of args.sizes) {
    for (const api of args.apis) {
      const { taken, work } = await measure('measure-file-hits.mjs', { ...args, size, api })
      const title = `hits from a folder, ${size}, ${api}, Node ${process.versions.node}, turns of ${work}`
      const ratios = pairs
        .filter((pair) => pair.every((name) => taken[name]))
        .map(([of, to]) => ({ of, to, ...ratio(taken[to], taken[of]) }))
      printTable({ title, taken, ratios })
      results.push({ size, api, times: timesOf(taken), ratios })
    }
  }
  return results
}

if (ran(import.meta.url)) await fileHits(options(process.argv.slice(2), { sizes: fileSizes, apis: ['request'] }))
