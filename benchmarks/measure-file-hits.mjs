// Hits of one body size through one API from a folder, in a process of its own; file-hits.mjs starts it.
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readers } from './contenders.mjs'
import { fileYardstick, folderForStores, withFileStore, withMakeFetchHappen, withSqlite } from './file-stores.mjs'
import { fileSizes as sizes } from './origin.mjs'
import { roundsFor, takeTurns } from './rounds.mjs'

const { origin, size, api, only, read: how, ...limits } = JSON.parse(process.argv[2])
const read = readers[api][how]
const url = `${origin}/${size}/hit`
const { folder, remove } = await folderForStores()

const ours = (name, options) => {
  const dispatcher = withFileStore(join(folder, name), options)
  return () => read(url, dispatcher)
}
await mkdir(join(folder, 'others'))
const npm = withMakeFetchHappen(join(folder, 'npm'))
const sqlite = await withSqlite(join(folder, 'others'), read)
let all = {
  yardstick: await fileYardstick(join(folder, 'others'), url, size, read),
  'yardstick again': await fileYardstick(join(folder, 'others'), url, size, read),
  ours: ours('digest', {}),
  'ours, length': ours('length', { verify: 'length' }),
  'make-fetch-happen': () => npm(url),
  ...(sqlite && { 'undici sqlite': () => sqlite(url) })
}
if (only) all = { [only]: all[only] }

const contenders = {}
for (const [name, ask] of Object.entries(all)) {
  contenders[name] = async () => {
    const bytes = await ask()
    if (bytes !== sizes[size]) throw new Error(`${name}: ${bytes} bytes instead of ${sizes[size]}`)
  }
  await contenders[name]()
  await new Promise((resolve) => setTimeout(resolve, 200)) // a store may still be at work
}

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, roundsFor(size, limits))
await remove()
// All of it has to be on its way first: a long message is cut by the end of the channel.
process.send({ ...result, forwarded: 0 }, () => process.exit())
