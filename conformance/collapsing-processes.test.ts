import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { StoreServer } from './processes/store-server.js'

const processes = 4

describe('collapsed requests of several processes (RFC 9111 §4)', () => {
  let origin: Server
  let url: string
  let store: StoreServer
  let asked: ServerResponse[]
  let wasAsked: () => void

  beforeEach(async () => {
    asked = []
    wasAsked = () => {}
    store = new StoreServer()
    origin = createServer((_request, response) => {
      asked.push(response)
      response.setHeader('Cache-Control', 'max-age=86400')
      wasAsked()
    })
    origin.listen(0, '127.0.0.1')
    await once(origin, 'listening')
    url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`
  })

  afterEach(async () => {
    await store.stop()
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  })

  async function askedTimes(count: number): Promise<void> {
    while (asked.length < count) await new Promise<void>((resolve) => (wasAsked = resolve))
  }

  it('COLL-01: as many processes as there are make one request of the origin', async () => {
    const children = await Promise.all(Array.from({ length: processes }, () => store.start(60_000)))
    const answers = children.map((child) => store.ask(child, url))
    await askedTimes(1)
    await store.waiters(processes - 1)
    asked[0]?.end('once')
    expect(await Promise.all(answers)).toEqual(Array(processes).fill('once'))
    expect(asked).toHaveLength(1)
  }, 120_000)

  it('COLL-01: row L10: one that is killed while the others wait costs them a bounded wait', async () => {
    const [killed, ...others] = await Promise.all([store.start(1_000), store.start(1_000), store.start(1_000)])
    store.ask(killed, url)
    await askedTimes(1)
    const answers = others.map((child) => store.ask(child, url))
    await store.waiters(others.length)
    asked[0]?.write('half')
    killed.kill('SIGKILL')
    await askedTimes(2)
    // They have waited, and now each asks for itself, unless one was quick enough to store it for the other.
    for (const response of asked.slice(1)) response.end('whole')
    wasAsked = () => asked.at(-1)?.end('whole')
    expect(await Promise.all(answers)).toEqual(['whole', 'whole'])
  }, 120_000)
})
