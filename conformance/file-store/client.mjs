// A process with a cache on a folder that others use too. It asks for each URL it is sent, and tells what came of it.
// Arguments: the folder, and how long to wait for another process, in milliseconds.
import { channel } from 'node:diagnostics_channel'
import { cacheInterceptor, channels } from '@cc/core'
import { FileStore } from '@cc/store-file'
import { Agent, request } from 'undici'

const [folder, waitMs] = process.argv.slice(2)
const store = new FileStore(folder)
// A machine that is busy is not what is tested: no operation is given up because it takes long.
const options = { store, storeTimeoutMs: 60_000, collapseAcrossProcesses: true, collapseWaitMs: Number(waitMs) }
const dispatcher = new Agent().compose(cacheInterceptor(options))

// Its parent lets the origin answer when all wait that should.
const { lock } = store
store.lock = async (...args) => {
  const wanted = lock.apply(store, args)
  process.send({ locking: true })
  return wanted
}

process.on('message', async ({ url }) => {
  const { body } = await request(url, { dispatcher })
  process.send({ text: await body.text() })
})
process.on('disconnect', () => process.exit())
channel(channels.storeFailure).subscribe(({ operation, error }) => process.send({ failed: `${operation}: ${error}` }))
process.send({ ready: true })
