import { type CacheStore, createCache, StoreOperationError } from '@cc/core'
import { describe, expect, it, jest } from '@jest/globals'
import { answering, ok } from './answers.js'
import { everythingBut } from './fake-timers.js'
import { type SetUp, setUp } from './harness.js'
import { all, outcomeOf } from './listing.js'
import { MapStore } from './map-store.js'
import { turns, until } from './no-stray-errors.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)
const inMemory = () => new MapStore({ sync: true, keepsObjects: true })

/** A store without one of its optional methods. */
function without(name: 'keys' | 'clear'): CacheStore {
  return Object.assign(new MapStore(), { [name]: undefined })
}

describe('failures of the store', () => {
  const cause = new RangeError('planted')
  const failing = () => Promise.reject(cause)
  const failed = (operation: string) => ({ name: 'StoreOperationError', code: 'CC_STORE_OPERATION', operation, cause })

  it('are told to who asked for a removal', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    Object.assign(store, { delete: failing, clear: failing })
    await expect(client.cache.delete(`${client.origin.url}/`)).rejects.toMatchObject(failed('delete'))
    await expect(client.cache.purge({ pathPrefix: '/' })).rejects.toMatchObject(failed('purge'))
    await expect(client.cache.purge({ predicate: () => true })).rejects.toMatchObject(failed('purge'))
    await expect(client.cache.clear()).rejects.toMatchObject(failed('clear'))
  })

  it('are told to who asked for a list, be it in the middle', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    const keys = store.keys.bind(store)
    store.keys = async function* () {
      yield* keys()
      throw cause
    }
    const found = client.cache.entries()
    expect((await found.next()).value).toMatchObject({ status: 200 })
    await expect(found.next()).rejects.toMatchObject(failed('entries'))
  })

  it.each<[string, unknown]>([
    ['a key that is no text', [1]],
    ['nothing to go through', undefined]
  ])('are told where a store lists %s', async (_, listed) => {
    const store = Object.assign(new MapStore(), {
      keys: () => listed && Object.assign(listed, { [Symbol.asyncIterator]: (listed as number[])[Symbol.iterator] })
    })
    const client = await setUp(store as CacheStore, answering(fresh))
    await expect(client.cache.entries().next()).rejects.toMatchObject({
      operation: 'entries',
      cause: { name: 'TypeError' }
    })
    await expect(client.cache.purge({ pathPrefix: '/' })).rejects.toMatchObject({ operation: 'purge' })
  })

  it('are told where a store never answers', async () => {
    jest.useFakeTimers({ doNotFake: everythingBut('setTimeout', 'clearTimeout') })
    const never = () => new Promise<never>(() => {})
    const store = Object.assign(new MapStore(), {
      keys: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
      clear: never
    })
    const cache = createCache({ store: store as CacheStore })
    const asked = [cache.entries().next(), cache.purge({ pathPrefix: '/' }), cache.clear()]
    const settled = Promise.allSettled(asked)
    await turns()
    jest.advanceTimersByTime(10_000)
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { cause: { code: 'CC_STORE_TIMEOUT' } } })
    }
    jest.useRealTimers()
  })

  it('lets go of a list that is not read to its end', async () => {
    let isLetGo = false
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    for (const path of ['/a', '/b']) await client.get(path)
    const keys = store.keys.bind(store)
    store.keys = async function* () {
      try {
        yield* keys()
      } finally {
        isLetGo = true
      }
    }
    for await (const _ of client.cache.entries()) break
    await until(() => isLetGo)
  })

  it('are told where what is listed cannot be read', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    store.get = failing
    await expect(client.cache.entries().next()).rejects.toThrow('entries: the store could not be read')
    expect(client.cache.stats().storeFailures).toBe(1)
    emitWarning.mockRestore()
  })

  it('ROB-03: an invalidation that the store did not take is told, and what it is about is not used', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    const mark = store.mark.bind(store)
    store.mark = failing
    const url = `${client.origin.url}/`
    await expect(client.cache.invalidate(url)).rejects.toMatchObject({ operation: 'invalidate' })
    await expect(client.cache.invalidate(url)).rejects.toThrow('until it does, what it has is not used by this process')
    expect(await outcomeOf(client, '/')).toBe('miss')
    expect(await all(client.cache.entries())).toEqual([])
    store.mark = mark
    await client.cache.invalidate(url)
    expect(await outcomeOf(client, '/')).not.toBe('hit')
    emitWarning.mockRestore()
  })

  it.each(['keys', 'clear'] as const)('a store without %s says so', async (name) => {
    const client = await setUp(without(name), answering(fresh))
    await client.get('/')
    const asked =
      name === 'clear'
        ? [client.cache.clear()]
        : [client.cache.entries().next(), client.cache.purge({ pathPrefix: '/' })]
    for (const asking of asked) {
      await expect(asking).rejects.toThrow(StoreOperationError)
      await expect(asking).rejects.toThrow(`no ${name}()`)
    }
    await client.cache.delete(`${client.origin.url}/`)
    expect(await outcomeOf(client, '/')).toBe('miss')
  })

  it('a predicate that throws is the error of its caller', async () => {
    const client = await setUp(inMemory(), answering(fresh))
    await client.get('/')
    const predicate = () => {
      throw cause
    }
    await expect(client.cache.purge({ predicate })).rejects.toBe(cause)
  })
})

describe('what cannot be asked', () => {
  it.each<[string, (client: SetUp) => Promise<unknown>]>([
    ['delete: not an absolute URL', ({ cache }) => cache.delete('/a')],
    ['invalidate: not an absolute URL', ({ cache }) => cache.invalidate('a b')],
    ['delete: not a request that HTTP knows', ({ cache }) => cache.delete('ftp://a.example/')],
    ['purge: say what to remove', ({ cache }) => cache.purge({})],
    ['purge: origin must be an origin', ({ cache }) => cache.purge({ origin: 'example.com' })],
    ['close: waitMs must be a number of 0 or more', ({ cache }) => cache.close({ waitMs: -1 })]
  ])('is a TypeError: %s', async (message, call) => {
    const client = await setUp(inMemory(), answering(fresh))
    const asking = call(client)
    await expect(asking).rejects.toThrow(TypeError)
    await expect(asking).rejects.toThrow(message)
  })
})
