// A process with a cache whose store its parent keeps. It asks for the URL that it is sent, and tells what came of it.
// Arguments: how long to wait for another process, in milliseconds.

import { cacheInterceptor } from '@cc/core'
import { Agent, request } from 'undici'

let calls = 0
const waiting = new Map()

/** Has the parent do something with the store. */
function call(method, ...args) {
  const id = ++calls
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    process.send({ id, method, args })
  })
}

async function collected(body) {
  const pieces = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
  return Buffer.concat(pieces)
}

const store = {
  contract: 1,
  async get(key) {
    const { responses, mark } = await call('get', key)
    const found = responses.map(({ response, body }) => ({ response, body: Buffer.from(body, 'base64') }))
    return { responses: found, ...(mark && { mark }) }
  },
  async openBody(key, id) {
    const body = await call('openBody', key, id)
    return body === null ? undefined : Buffer.from(body, 'base64')
  },
  async set(key, body, complete) {
    const bytes = await collected(body)
    const response = complete()
    if (response !== undefined) await call('set', key, bytes.toString('base64'), response)
  },
  update: (key, response) => call('update', key, response),
  mark: (key, mark) => call('mark', key, mark),
  delete: (key, slot) => call('delete', key, slot),
  async lock(key, { leaseMs, waitMs }) {
    const lease = await call('lock', key, leaseMs, waitMs)
    return lease === null ? undefined : { release: () => call('release', key, lease) }
  }
}

// A machine that is busy is not what is tested: no operation is given up because it takes long.
const options = {
  store,
  storeTimeoutMs: 60_000,
  collapseAcrossProcesses: true,
  collapseWaitMs: Number(process.argv[2])
}
const dispatcher = new Agent().compose(cacheInterceptor(options))

process.on('message', async (message) => {
  if (message.url === undefined) {
    waiting.get(message.id)(message.answer)
    waiting.delete(message.id)
    return
  }
  const { body } = await request(message.url, { dispatcher })
  process.send({ text: await body.text() })
})
process.send({ ready: true })
