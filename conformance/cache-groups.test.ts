import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterAll, describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'

/** More members than anybody would go through while a request waits. */
const members = 100_000

describe('a cache group of 100,000 members in DictStore', () => {
  const cleanUps: (() => unknown)[] = []
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })

  it('GRP-02: is invalidated by one mark, in less than a millisecond', async () => {
    const server = createServer(({ method }, response) => {
      const groups = method === 'GET' ? { 'Cache-Groups': '"g"' } : { 'Cache-Group-Invalidation': '"g"' }
      response.writeHead(200, { 'Cache-Control': 'max-age=600', ETag: '"a"', 'Content-Length': 2, ...groups }).end('ok')
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const origin = `http://127.0.0.1:${port}`
    const store = new DictStore({ maxBytes: 1_073_741_824 })
    let decided: (decision: CacheDecision) => void = () => {}
    let ms = Number.POSITIVE_INFINITY
    let marks = 0
    const mark = store.mark.bind(store)
    store.mark = (...args) => {
      const began = performance.now()
      mark(...args)
      ms = Math.min(ms, performance.now() - began)
      marks++
    }
    const agent = new Agent()
    cleanUps.push(
      () => agent.destroy(),
      () => server.close()
    )
    const dispatcher = agent.compose(cacheInterceptor({ store, onDecision: (decision) => decided(decision) }))
    const ask = async (path: string, method: 'GET' | 'POST' = 'GET') => {
      const decision = new Promise<CacheDecision>((resolve) => {
        decided = resolve
      })
      const { body } = await request(`${origin}${path}`, { dispatcher, method })
      await body.dump()
      return decision
    }
    await ask('/0')
    const [found] = store.get(`${origin}/0`).responses
    if (found === undefined) throw new Error('nothing was stored')
    // The others are copies of the first, under keys of their own.
    for (let i = 1; i < members; i++) {
      const key = `${origin}/${i}`
      const marks = { ...found.response.marks, [key]: '' }
      delete marks[`${origin}/0`]
      store.set(key, found.body ?? new Uint8Array(0), () => ({ ...found.response, key, marks }))
    }
    expect(store.size).toBe(members)
    expect(await ask('/99999')).toMatchObject({ outcome: 'hit' })
    marks = 0
    await ask('/elsewhere', 'POST')
    // One for the target, and one for the group.
    expect(marks).toBe(2)
    expect(ms).toBeLessThan(1)
    for (const path of ['/0', '/1', '/99999']) {
      expect(await ask(path)).toMatchObject({ outcome: 'miss', reason: 'stale' })
    }
  })
})
