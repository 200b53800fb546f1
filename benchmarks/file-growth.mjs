// A body of 1 GiB through the cache, stored and replayed: how much more memory the process takes, and how long until the
// first byte, next to none. `node file-growth.mjs --rounds 5`
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { options, ran } from './cli.mjs'
import { startOrigin } from './origin.mjs'
import { quantile } from './rounds.mjs'

const mib = 1024 ** 2

/** `{ stored, replayed, firstByte }`: growth in bytes, and the time to the first byte divided by that of bare undici. */
export async function fileGrowth({ rounds }) {
  const origin = await startOrigin()
  const child = fork(new URL('measure-file-growth.mjs', import.meta.url), [origin.url, `${rounds}`], {
    execArgv: ['--expose-gc']
  })
  const [{ stored, replayed, bare, bareAgain, ours }] = await once(child, 'message')
  origin.close()
  const firstByte = quantile(ours, 0.5) / quantile(bare, 0.5)
  const control = quantile(bareAgain, 0.5) / quantile(bare, 0.5)
  console.log(`\n1 GiB through the cache, ${rounds} rounds`)
  console.log(`  resident memory, while it is stored     +${(stored / mib).toFixed(1)} MiB`)
  console.log(`  resident memory, while it is replayed   +${(replayed / mib).toFixed(1)} MiB`)
  console.log(`  first byte, bare again / bare            ${control.toFixed(3)}`)
  console.log(`  first byte, ours / bare                  ${firstByte.toFixed(3)}`)
  return { stored, replayed, firstByte }
}

if (ran(import.meta.url)) await fileGrowth(options(process.argv.slice(2), { rounds: 5 }))
