import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'

describe('cacheInterceptor() without a store', () => {
  let origin: Server
  let url: string
  let requests: number
  let dispatcher: Dispatcher

  beforeEach(async () => {
    requests = 0
    origin = createServer((_, response) => {
      requests += 1
      response.setHeader('cache-control', 'max-age=60').end(`answer ${requests}`)
    }).listen(0, 'localhost')
    await once(origin, 'listening')
    url = `http://localhost:${(origin.address() as AddressInfo).port}/`
    dispatcher = new Agent().compose(cacheInterceptor())
  })

  afterEach(async () => {
    jest.restoreAllMocks()
    jest.dontMock('@cc/store-dict')
    await dispatcher.close()
    origin.close()
  })

  const get = async () => (await request(url, { dispatcher })).body.text()

  it('keeps responses in a DictStore', async () => {
    const set = jest.spyOn(DictStore.prototype, 'set')
    expect(await get()).toBe('answer 1')
    expect(await get()).toBe('answer 1')
    expect(requests).toBe(1)
    expect(set).toHaveBeenCalledTimes(1)
  })

  it('has a store of its own for each interceptor', async () => {
    await get()
    const other = new Agent().compose(cacheInterceptor())
    const { body } = await request(url, { dispatcher: other })
    expect(await body.text()).toBe('answer 2')
    await other.close()
  })

  it('fails the first request, naming the package to install, if there is none', async () => {
    jest.doMock('@cc/store-dict', () => {
      throw Object.assign(new Error("Cannot find module '@cc/store-dict'"), { code: 'MODULE_NOT_FOUND' })
    })
    jest.resetModules()
    const core = await import('@cc/core')
    const without = new Agent().compose(core.cacheInterceptor())
    await expect(request(url, { dispatcher: without })).rejects.toMatchObject({
      code: 'CC_NO_STORE',
      message: expect.stringContaining('npm install @cc/store-dict')
    })
    expect(requests).toBe(0)
    await without.close()
  })

  it('fails the first request, saying what to upgrade, if that package is too old or too new', async () => {
    jest.doMock('@cc/store-dict', () => ({
      DictStore: class {
        readonly contract = 2
      }
    }))
    jest.resetModules()
    const core = await import('@cc/core')
    const mixed = new Agent().compose(core.cacheInterceptor())
    await expect(request(url, { dispatcher: mixed })).rejects.toThrow(
      '@cc/store-dict: contract must be 1: this version of @cc/core is too old for the store, upgrade @cc/core, not 2'
    )
    expect(requests).toBe(0)
    await mixed.close()
  })
})
