// Miss path: what the copy for the store adds to a request that goes to the origin. `node misses.mjs 5MiB request`
import { measure, options, printTable, ran } from './cli.mjs'
import { ratio, timesOf } from './rounds.mjs'

const pairs = [
  ['bare again', 'bare'],
  ['empty interceptor', 'bare'],
  ['keeps chunks', 'bare'],
  ['ours', 'bare'],
  ['ours', 'keeps chunks'],
  ['ours', 'ours, not collapsed'],
  ['ours', 'ours, not kept']
]

/** `[{ size, api, ratios, firstByteRatios }]`, to the end and to the first byte; a ratio above 1 means that the first of the pair takes longer. */
export async function misses(args) {
  const results = []
  for (const size of args.sizes) {
    for (const api of args.apis) {
      const { taken, firstByte, work, missing } = await measure('measure-misses.mjs', { ...args, size, api })
      const compare = (times) =>
        pairs
          .filter((pair) => pair.every((name) => times[name]))
          .map(([of, to]) => ({ of, to, ...ratio(times[of], times[to]) }))
      const title = `misses, ${size}, ${api}, ${args.rounds} rounds, turns of ${work}`
      const ratios = compare(taken)
      printTable({ title: `${title}: to the end`, taken, ratios, missing })
      const firstByteRatios = compare(firstByte)
      printTable({ title: `${title}: to the first byte`, taken: firstByte, ratios: firstByteRatios })
      results.push({ size, api, times: timesOf(taken), ratios, firstByteRatios })
    }
  }
  return results
}

if (ran(import.meta.url)) await misses(options(process.argv.slice(2)))
