// How long a hit takes with few and with many stored responses. `node file-counts.mjs --most 1000000 --rounds 20`
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { options, printTable, ran } from './cli.mjs'
import { fileStore, folderForStores } from './file-stores.mjs'
import { fillFolder } from './fill-folder.mjs'
import { ratio, takeTurns, timesOf } from './rounds.mjs'

/** `[{ size, api, ratios }]`; a ratio above 1 means that a hit among more takes longer. */
export async function fileCounts({ rounds, turnMs, warmUpMs, most = 1_000_000 }) {
  const { folder, remove } = await folderForStores()
  const counts = [100, 10_000, most]
  const contenders = {}
  for (const count of counts) {
    const path = join(folder, `${count}`)
    await fillFolder(path, count)
    const store = fileStore(path)
    contenders[count] = async () => {
      // The same few of them: how many lie beside them is the question, and not what the system has in its memory.
      const key = `https://example.org/${randomInt(100)}`
      const { responses } = await store.get(key)
      if (responses.length !== 1) throw new Error(`${key} is not there`)
    }
  }
  const again = contenders[100]
  contenders['100 again'] = () => again()
  const { taken, work } = await takeTurns(contenders, { rounds, turnMs, warmUpMs })
  const pairs = [
    ['100 again', '100'],
    ['10000', '100'],
    [`${most}`, '100']
  ]
  const ratios = pairs.map(([of, to]) => ({ of, to, ...ratio(taken[of], taken[to]) }))
  printTable({ title: `look-ups among so many responses, turns of ${work}`, taken, ratios })
  await remove()
  return [{ size: '1KiB', api: 'store', times: timesOf(taken), ratios }]
}

if (ran(import.meta.url)) await fileCounts(options(process.argv.slice(2), { rounds: 20 }))
