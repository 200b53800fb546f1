import { cacheInterceptor, createCache } from '@cc/core'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { request } from 'undici'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import './no-stray-errors.js'

afterEach(() => {
  jest.dontMock('@cc/store-dict')
})

let made = 0
let closed = 0

/** Installs a default store, or has loading it fail. */
function install(isThere: boolean): void {
  made = 0
  closed = 0
  jest.resetModules()
  jest.doMock('@cc/store-dict', () => {
    if (!isThere) throw new Error('Cannot find module')
    return {
      DictStore: class extends MapStore {
        constructor() {
          super()
          made++
        }

        close(): void {
          closed++
        }
      }
    }
  })
}

/** A client whose cache was given no store. */
async function clientOf() {
  const { origin, dispatcher: outer } = await setUp(
    new MapStore(),
    (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end('body'),
    { enabled: () => false }
  )
  const dispatcher = outer.compose(cacheInterceptor())
  const ask = async (options = {}) => await (await request(origin.url, { dispatcher, ...options })).body.text()
  return { origin, ask }
}

describe('a cache that was given no store', () => {
  it('makes one for all its requests when the first of them comes', async () => {
    install(true)
    const { origin, ask } = await clientOf()
    expect(made).toBe(0)
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['body', 'body', 'body'])
    expect(made).toBe(1)
    const asked = origin.requests.length
    await ask()
    expect(origin.requests).toHaveLength(asked)
  })

  it('fails a request that throws while it is dispatched, as with a store', async () => {
    install(true)
    const { origin, ask } = await clientOf()
    const headers = (function* (): Generator<[string, string]> {
      throw new Error('unreadable')
    })()
    await expect(ask({ headers })).rejects.toMatchObject({ message: 'unreadable' })
    expect(origin.requests).toHaveLength(0)
  })

  it('lets a signal end a request before there is a store', async () => {
    install(true)
    const { origin, ask } = await clientOf()
    const controller = new AbortController()
    const asked = expect(ask({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    controller.abort()
    await asked
    expect(origin.requests).toHaveLength(0)
  })

  it('fails requests as long as there is none to be had, unsafe ones too, and then works', async () => {
    install(false)
    const { origin, ask } = await clientOf()
    const missing = { name: 'NoStoreError', code: 'CC_NO_STORE', cause: { message: 'Cannot find module' } }
    await expect(ask()).rejects.toMatchObject(missing)
    await expect(ask({ method: 'POST', body: 'x' })).rejects.toMatchObject(missing)
    expect(origin.requests).toHaveLength(0)
    install(true)
    expect(await ask()).toBe('body')
  })
  it('closes the store that it made, and makes a new one when it is used again', async () => {
    install(true)
    const { origin, dispatcher: outer } = await setUp(
      new MapStore(),
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end('body'),
      { enabled: () => false }
    )
    const cache = createCache()
    const dispatcher = outer.compose(cache.interceptor)
    const ask = async () => await (await request(origin.url, { dispatcher })).body.text()
    await ask()
    await ask()
    expect(origin.requests).toHaveLength(1)
    await cache.close()
    expect(closed).toBe(1)
    await ask()
    expect(origin.requests).toHaveLength(2)
    expect(made).toBe(2)
    await cache.close()
    await cache.close()
    expect(closed).toBe(2)
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2 })
  })

  it('needs one for operations, too, and opens it for them', async () => {
    install(false)
    const cache = createCache()
    const url = 'http://a.example/'
    await expect(cache.invalidate(url)).rejects.toMatchObject({ name: 'NoStoreError' })
    await expect(cache.entries().next()).rejects.toMatchObject({ name: 'NoStoreError' })
    install(true)
    await cache.invalidate(url)
    expect(made).toBe(1)
  })
})
