import { createCache } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { answering, ask, Barrier, notModified, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { all, outcomeOf } from './listing.js'
import { MapStore } from './map-store.js'
import { turns, until } from './no-stray-errors.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)

describe.each(stores)('close (%s)', (_, make) => {
  const stale = ok('max-age=60, stale-while-revalidate=600', etag)

  /** A client for which a validation in the background is under way. */
  async function validating(barrier: Barrier): Promise<SetUp> {
    const client = await setUp(make(), ({ clock }, { headers }, response) => {
      if (headers['if-none-match'] === undefined) return send(response, stale, clock)
      barrier.hold(() => send(response, notModified({ ...etag, 'Cache-Control': 'max-age=1000' }), clock))
    })
    await client.get('/')
    client.clock.advance(90)
    await client.get('/')
    await barrier.held(1)
    return client
  }

  it('waits for validations in the background, and what they store', async () => {
    const barrier = new Barrier()
    const client = await validating(barrier)
    let isClosed = false
    const closing = client.cache.close().then(() => {
      isClosed = true
    })
    await client.get('/other')
    expect(isClosed).toBe(false)
    barrier.release(0)
    await closing
    const entries = await all(client.cache.entries())
    expect(entries.map(({ freshness }) => freshness.lifetime).sort()).toEqual([1000, 60])
  })

  it.each([0, 20])('cancels what is left after %d ms', async (waitMs) => {
    const barrier = new Barrier()
    const client = await validating(barrier)
    await client.cache.close({ waitMs })
    await until(() => client.decisions.some(({ background }) => background === true))
    expect(client.cache.stats().backgroundValidations).toBe(1)
    barrier.release(0)
    const [entry] = await all(client.cache.entries())
    expect(entry?.freshness.lifetime).toBe(60)
  })

  it('has everything stored that has come', async () => {
    const store = make()
    const client = await setUp(store, answering(fresh))
    await ask(client, '/')
    await client.cache.close()
    expect(await all(store.keys())).toEqual([`${client.origin.url}/`])
  })

  it('leaves the store of the user open, and the cache usable', async () => {
    const store = Object.assign(make(), { close: () => Promise.reject(new Error('not yours')) })
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    await client.cache.close()
    await client.cache[Symbol.asyncDispose]()
    expect(await outcomeOf(client, '/')).toBe('hit')
  })
})

it('close: nothing has to be opened for it', async () => {
  await expect(createCache().close()).resolves.toBeUndefined()
})

it('close waits for what a store elsewhere is still writing', async () => {
  const barrier = new Barrier()
  const store = new MapStore()
  const set = store.set.bind(store)
  store.set = async (...args) => {
    await new Promise<void>((resolve) => barrier.hold(resolve))
    await set(...args)
  }
  const client = await setUp(store, answering(fresh))
  await ask(client, '/')
  await barrier.held(1)
  let isClosed = false
  const closing = client.cache.close().then(() => {
    isClosed = true
  })
  await turns()
  expect(isClosed).toBe(false)
  barrier.release(0)
  await closing
  expect(await all(client.cache.entries())).toHaveLength(1)
})
