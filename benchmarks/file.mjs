// The store in a folder: all that is measured, next to what it should be. Ends with 1 if a target is missed.
import { options } from './cli.mjs'
import { fileCounts } from './file-counts.mjs'
import { fileGrowth } from './file-growth.mjs'
import { fileHits } from './file-hits.mjs'
import { fileWrites } from './file-writes.mjs'
import { atLeast, atMost, judge, report } from './judging.mjs'
import { fileSizes } from './origin.mjs'

const args = options(process.argv.slice(2), { sizes: fileSizes, apis: ['request'] })
/** Ratios of speed: 1.3 times as long at most is 1 / 1.3 of the speed at least. */
const hitTargets = (size) => ({
  'ours / yardstick': 1 / 1.3,
  ...(size === '1KiB' && { 'ours / make-fetch-happen': 10, 'ours / undici sqlite': 1 }),
  ...(size === '5MiB' && { 'ours / make-fetch-happen': 3 }),
  ...(size !== '1KiB' && { 'ours, length / undici sqlite': 1.2, 'ours / undici sqlite': 0.75 })
})
const writeTargets = (size) => ({
  'ours / cacache': 3,
  ...(['1KiB', '100KiB'].includes(size) && { 'ours, new / cacache, new': 3 })
})
const countTargets = () => ({ '10000 / 100': 1.1, '1000000 / 100': 1.1 })

const hits = await fileHits(args)
const writes = await fileWrites(args)
const counts = await fileCounts(args)
const { stored, replayed, firstByte } = await fileGrowth({ rounds: 5 })
const growth = [
  { of: 'growth', to: '64 MiB, stored', median: stored / (64 * 1024 ** 2) },
  { of: 'growth', to: '64 MiB, replayed', median: replayed / (64 * 1024 ** 2) },
  { of: 'ours', to: 'bare', median: firstByte }
]
const growthTargets = () => ({
  'growth / 64 MiB, stored': 1,
  'growth / 64 MiB, replayed': 1,
  'ours / bare': 1.05
})
report(
  [
    ...judge('hits', hits, hitTargets, ...atLeast),
    ...judge('storing', writes, writeTargets, ...atLeast),
    ...judge('responses', counts, countTargets, ...atMost),
    ...judge('1 GiB', [{ size: '1GiB', api: 'request', ratios: growth }], growthTargets, ...atMost)
  ],
  { hits, storing: writes, responses: counts },
  args
)
