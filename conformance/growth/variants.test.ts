import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'

describe('variants of one URL (row M1)', () => {
  const agent = new Agent()
  let origin: Server

  beforeEach(async () => {
    origin = createServer(({ headers }, response) => {
      response.setHeader('Cache-Control', 'max-age=86400').setHeader('Vary', 'X-Kind').end(headers['x-kind'])
    })
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  })

  afterEach(async () => {
    await agent.close()
    await new Promise((resolve) => origin.close(resolve))
  })

  it('VARY-10: 2,000 values of a field leave no more than maxVariants, and the store counts what is there', async () => {
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`
    const store = new DictStore()
    const dispatcher = agent.compose(cacheInterceptor({ store }))
    const ask = async (kind: string) => {
      const { body } = await request(url, { dispatcher, headers: { 'x-kind': kind } })
      return await body.text()
    }
    for (let n = 0; n < 2_000; n++) expect(await ask(`${n}`)).toBe(`${n}`)
    // The next look-up does what was put off.
    await ask('1999')

    const { responses } = store.get(url)
    expect(responses).toHaveLength(32)
    const recount = new DictStore()
    for (const { response, body } of responses) recount.set(url, body as Uint8Array, () => response)
    expect({ size: store.size, bytes: store.bytes }).toEqual({ size: recount.size, bytes: recount.bytes })
  })
})
