import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'

describe('tape, in a DictStore', () => {
  const long = 'a line of a long body\n'.repeat(100_000)
  let origin: Server
  let url: string
  let requests: number
  let agent: Agent

  beforeEach(async () => {
    requests = 0
    agent = new Agent()
    origin = createServer((_, response) => {
      requests += 1
      response.setHeader('cache-control', 'max-age=60').end(`answer ${requests} ${long}`)
    }).listen(0, 'localhost')
    await once(origin, 'listening')
    url = `http://localhost:${(origin.address() as AddressInfo).port}/`
  })

  afterEach(async () => {
    await agent.close()
    origin.close()
  })

  const ask = async (dispatcher: Dispatcher, method: 'GET' | 'POST' = 'GET') => {
    const { body } = await request(url, { dispatcher, method })
    return (await body.text()).slice(0, 8 + 1 + long.length)
  }

  it('replays what was recorded, and shares the store with an ordinary cache', async () => {
    const store = new DictStore()
    const recorder = agent.compose(cacheInterceptor({ tape: 'record', store }))
    const recorded = [await ask(recorder), await ask(recorder), await ask(recorder, 'POST')]
    expect(recorded).toEqual([1, 2, 3].map((n) => `answer ${n} ${long}`))
    const cache = agent.compose(cacheInterceptor({ store }))
    expect([await ask(cache), await ask(cache)]).toEqual([`answer 4 ${long}`, `answer 4 ${long}`])
    expect(store.size).toBe(4)
    const player = agent.compose(cacheInterceptor({ tape: 'replay', store }))
    expect([await ask(player), await ask(player), await ask(player, 'POST')]).toEqual(recorded)
    expect(requests).toBe(4)
  })

  it('says that a recording is gone that the store had to drop', async () => {
    const store = new DictStore({ maxEntries: 1 })
    const recorder = agent.compose(cacheInterceptor({ tape: 'record', store }))
    await ask(recorder)
    await ask(recorder, 'POST')
    const player = agent.compose(cacheInterceptor({ tape: 'replay', store }))
    await expect(ask(player)).rejects.toMatchObject({ code: 'CC_TAPE_MISS', method: 'GET', url })
  })
})
