// Storing in a folder, next to cacache: in the place of what was stored before, and under new keys. `node file-writes.mjs 1KiB`
import { measure, options, printTable, ran } from './cli.mjs'
import { fileSizes } from './origin.mjs'
import { ratio, timesOf } from './rounds.mjs'

const pairs = [
  ['ours again', 'ours'],
  ['ours', 'cacache'],
  ['ours, new', 'cacache, new']
]

/** `[{ size, api, ratios }]`; a ratio above 1 means that the first of the pair stores more responses per second. */
export async function fileWrites(args) {
  const results = []
  for (const size of args.sizes) {
    const { taken, work } = await measure('measure-file-writes.mjs', { ...args, size })
    const ratios = pairs
      .filter((pair) => pair.every((name) => taken[name]))
      .map(([of, to]) => ({ of, to, ...ratio(taken[to], taken[of]) }))
    printTable({ title: `storing in a folder, ${size}, turns of ${work}`, taken, ratios })
    results.push({ size, api: 'store', times: timesOf(taken), ratios })
  }
  return results
}

if (ran(import.meta.url)) await fileWrites(options(process.argv.slice(2), { sizes: fileSizes, apis: ['request'] }))
