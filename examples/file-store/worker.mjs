// A process with a cache in a folder that others use too. It asks for what its parent sends, and tells how it went.
import { cacheInterceptor } from '@cc/core'
import { FileStore } from '@cc/store-file'
import { Agent, request } from 'undici'

const [folder] = process.argv.slice(2)
let decided
const agent = new Agent()
const dispatcher = agent.compose(
  cacheInterceptor({
    store: new FileStore(folder),
    // One request goes to the origin where several processes ask for the same at the same time.
    collapseAcrossProcesses: true,
    onDecision: ({ outcome }) => decided(outcome)
  })
)

process.on('message', async ({ url, method }) => {
  const outcome = new Promise((resolve) => {
    decided = resolve
  })
  const { body } = await request(url, { method, dispatcher })
  process.send({ text: await body.text(), outcome: await outcome })
})
process.on('disconnect', () => agent.close())
