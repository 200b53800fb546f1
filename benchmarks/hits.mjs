// Hit path: how long a stored response takes, next to an answer from a Map. `node hits.mjs 1KiB request --rounds 60`

import { measure, options, printTable, ran } from './cli.mjs'
import { ratio, timesOf } from './rounds.mjs'

const pairs = [
  ['yardstick again', 'yardstick'],
  ['ours', 'yardstick'],
  ['ours, share', 'yardstick, share'],
  ['ours', 'undici'],
  ['ours, share', 'undici'],
  ['ours', 'ours, unheard'],
  ['ours, heard', 'ours']
]

/** `[{ size, api, ratios }]`; a ratio above 1 means that the first of the pair answers more requests per second. */
export async function hits(args) {
  const results = []
  for (const size of args.sizes) {
    for (const api of args.apis) {
      const { taken, work, missing } = await measure('measure-hits.mjs', { ...args, size, api })
      const title = `hits, ${size}, ${api} (${args.read}), ${args.rounds} rounds, turns of ${work}`
      const ratios = pairs
        .filter((pair) => pair.every((name) => taken[name]))
        .map(([of, to]) => ({ of, to, ...ratio(taken[to], taken[of]) }))
      printTable({ title, taken, ratios, missing })
      results.push({ size, api, times: timesOf(taken), ratios })
    }
  }
  return results
}

if (ran(import.meta.url)) await hits(options(process.argv.slice(2)))
