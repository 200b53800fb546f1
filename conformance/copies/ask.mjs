// Asks through two copies of core, each as often as told, and hands over the ids and marks they gave to a store.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import * as module from '@cc/core'
import { Agent, request } from 'undici'

const copies = [module, createRequire(import.meta.url)('@cc/core')]
const count = Number(isMainThread ? process.argv[2] : workerData)

const server = createServer((_asked, response) => response.setHeader('Cache-Control', 'max-age=60').end('text'))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const agent = new Agent()

/** A store that both copies share. */
class Listing {
  contract = 1
  names = []
  marks = new Map()
  responses = new Map()

  get(key) {
    const mark = this.marks.get(key)
    return { responses: this.responses.has(key) ? [this.responses.get(key)] : [], ...(mark && { mark }) }
  }

  openBody() {}

  set(key, body, complete) {
    const response = complete()
    this.names.push(response.id)
    this.responses.set(key, { response, body: Buffer.concat(body instanceof Uint8Array ? [body] : [...body]) })
  }

  update() {
    return false
  }

  mark(key, mark) {
    this.names.push(mark.value)
    this.marks.set(key, mark)
  }

  delete(key) {
    this.responses.delete(key)
  }
}

const store = new Listing()
const outcomes = []
const [one, other] = copies.map(({ cacheInterceptor }) =>
  agent.compose(cacheInterceptor({ store, onDecision: ({ outcome }) => outcomes.push(outcome) }))
)
const ask = async (dispatcher, path, method = 'GET') =>
  (await request(origin + path, { dispatcher, method })).body.text()

for (let n = 0; n < count; n++) {
  // Stored by one copy, used by the other, invalidated by it, and so not used by the first.
  await ask(one, `/${n}`)
  await ask(other, `/${n}`)
  await ask(other, `/${n}`, 'PUT')
  await ask(one, `/${n}`)
}
await agent.close()
server.close()
const report = { areTwo: module.cacheInterceptor !== copies[1].cacheInterceptor, names: store.names, outcomes }
if (isMainThread) console.log(JSON.stringify(report))
else parentPort.postMessage(report)
