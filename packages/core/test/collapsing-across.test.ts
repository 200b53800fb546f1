import { type CacheOptions, type CacheStore, cacheInterceptor, type Lease } from '@cc/core'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Agent, request } from 'undici'
import { ask, Barrier, backgroundDecision, decided, notModified, ok, send, withHeldOrigin } from './answers.js'
import { type SetUp, setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { turns, until } from './no-stray-errors.js'
import { Recorder } from './recorder.js'

type Lock = NonNullable<CacheStore['lock']>

/** A store whose lock does what the test says. */
class LockingStore extends MapStore {
  readonly #lock: Lock

  constructor(lock: Lock) {
    super()
    this.#lock = lock
  }

  override lock(...args: Parameters<Lock>): ReturnType<Lock> & Promise<never> {
    return this.#lock(...args) as never
  }
}

const afterwards = async (ms: number): Promise<Lease> => {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return { release: () => {} }
}

const unreadable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('unreadable')
    }
  }
)

class CountingStore extends MapStore {
  override lock: MapStore['lock'] = super.lock.bind(this)

  /** How often metadata was replaced. */
  updates = 0

  override async update(...args: Parameters<CacheStore['update']>): Promise<boolean> {
    const isUpdated = await super.update(...args)
    this.updates++
    return isUpdated
  }
}

afterEach(() => {
  jest.restoreAllMocks()
})

const across = { collapseAcrossProcesses: true }

/** Asks through a cache of its own with the same store, as another process would. */
function another(client: SetUp, store: CacheStore, options: CacheOptions = across): () => Promise<string> {
  const agent = new Agent()
  const dispatcher = agent.compose(cacheInterceptor({ store, clock: () => client.clock.now, ...options }))
  return async () => {
    const { body } = await request(client.origin.url, { dispatcher })
    return body.text()
  }
}

describe('collapsed requests of caches that share a store (RFC 9111 §4)', () => {
  it('COLL-01: all of them together make one request of the origin', async () => {
    const store = new MapStore()
    const { client, barrier } = await withHeldOrigin(store, ok('max-age=60'), across)
    const others = [another(client, store), another(client, store)]
    const answers = [ask(client, '/'), ask(client, '/')].map((answer) => answer.then(({ text }) => text))
    await barrier.held(1)
    for (const other of others) answers.push(other(), other(), other())
    await turns(50)
    barrier.release(0)
    expect(await Promise.all(answers)).toEqual(Array(8).fill('body 0'))
    expect(client.asked).toBe(1)
    await decided(client, 2)
  })

  it('COLL-01: what is not stored each asks for itself, and those of one cache that waited need not wait again', async () => {
    const store = new MapStore()
    const { client, barrier } = await withHeldOrigin(store, ok('no-store'), across)
    const other = another(client, store)
    const answers = [ask(client, '/').then(({ text }) => text)]
    await barrier.held(1)
    answers.push(other())
    await turns(50)
    expect(client.asked).toBe(1)
    barrier.release(0)
    await barrier.held(2)
    const next = ask(client, '/')
    await barrier.held(3)
    for (const n of [1, 2]) barrier.release(n)
    expect(await Promise.all(answers)).toEqual(['body 0', 'body 1'])
    expect((await next).text).toBe('body 2')
    await decided(client, 2)
  })

  it.each<[string, Lock]>([
    ['hangs', () => new Promise(() => {})],
    [
      'throws',
      () => {
        throw new Error('no lock')
      }
    ],
    ['rejects', () => Promise.reject(new Error('no lock'))],
    [
      'waits in vain for a holder that died',
      async (_key, { waitMs }) => {
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        return undefined
      }
    ],
    ['cannot be released', async () => ({ release: () => Promise.reject(new Error('no release')) })],
    [
      'throws when it is released',
      () => ({
        release: () => {
          throw new Error('no release')
        }
      })
    ],
    ['never tells that it was released', () => ({ release: () => new Promise(() => {}) })],
    ['is nonsense', async () => 5 as never],
    ['is nothing', () => null as never],
    ['cannot be given back', async () => ({}) as never],
    ['cannot be read', () => unreadable as never],
    ['is always taken', () => undefined],
    ['comes too late', (_key, { waitMs }) => afterwards(waitMs + 20)]
  ])('COLL-01: ROB-02: a lock that %s costs the wait and no request', async (_what, lock) => {
    const { client, barrier } = await withHeldOrigin(new LockingStore(lock), ok('max-age=60'), {
      ...across,
      collapseWaitMs: 20
    })
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const answers = [ask(client, '/'), ask(client, '/')]
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['body 0', 'body 0'])
    expect(client.asked).toBe(1)
    await decided(client, 2)
  })

  describe('validations in the background', () => {
    const etag = { ETag: '"a"' }
    // None is to run out while the test takes its time.
    const storeTimeoutMs = 61_234

    /** A client whose cache, in this store, has what is stale and may be served; validations wait for the test. */
    async function withStale(store: CountingStore, lock: MapStore['lock'] = store.lock) {
      const barrier = new Barrier()
      const client = await setUp(
        store,
        ({ clock }, _request, response, n) => {
          if (n === 0) send(response, ok('max-age=60, stale-while-revalidate=600', etag), clock, n)
          else barrier.hold(() => send(response, notModified(etag), clock, n))
        },
        { ...across, storeTimeoutMs }
      )
      await client.get('/')
      store.lock = lock
      client.clock.advance(100)
      return { client, barrier }
    }

    it('COLL-01, STALE-04: all processes that serve the same stale response make one', async () => {
      const store = new CountingStore()
      const { client, barrier } = await withStale(store)
      const others = [another(client, store), another(client, store)]
      const askAll = () => Promise.all([ask(client, '/').then(({ text }) => text), ...others.map((other) => other())])
      expect(await askAll()).toEqual(Array(3).fill('body 0'))
      await barrier.held(1)
      expect(await askAll()).toEqual(Array(3).fill('body 0'))
      await turns(50)
      expect(client.asked).toBe(2)
      barrier.release(0)
      await until(() => store.updates === 1)
      expect(await askAll()).toEqual(Array(3).fill('body 0'))
      await turns(50)
      expect(client.asked).toBe(2)
    })

    it('COLL-01, STALE-04: none is made where another process was quicker', async () => {
      let grant = () => {}
      const released = new Promise<void>((resolve) => {
        grant = resolve
      })
      const release = jest.fn<Lease['release']>()
      const store = new CountingStore()
      const { client, barrier } = await withStale(store, async () => {
        await released
        return { release }
      })
      await ask(client, '/')
      await another(client, store, {})()
      await barrier.held(1)
      barrier.release(0)
      await until(() => store.updates === 1)
      grant()
      await until(() => release.mock.calls.length > 0)
      expect(client.asked).toBe(2)
    })

    it('COLL-01, STALE-04: who has joined one that is not made asks for himself', async () => {
      const answers: ((lease: Lease | undefined) => void)[] = []
      const { client, barrier } = await withStale(
        new CountingStore(),
        () => new Promise((resolve) => answers.push(resolve))
      )
      await ask(client, '/')
      await until(() => answers.length === 1)
      const strict = [1, 2].map(() => ask(client, '/', { headers: { 'Cache-Control': 'max-age=50' } }))
      await turns(50)
      expect(answers).toHaveLength(1)
      answers[0]?.(undefined)
      await until(() => answers.length === 2)
      answers[1]?.({ release() {} })
      await barrier.held(1)
      barrier.release(0)
      for (const { text } of await Promise.all(strict)) expect(text).toBe('body 0')
      expect(client.asked).toBe(2)
      await decided(client, 4)
    })

    it('COLL-01, STALE-04: a lock that hangs keeps no process alive', async () => {
      const timers = jest.spyOn(globalThis, 'setTimeout')
      const { client } = await withStale(new CountingStore(), () => new Promise(() => {}))
      const isLimit = (_: unknown, i: number) => timers.mock.calls[i]?.[1] === storeTimeoutMs
      const before = timers.mock.results.filter(isLimit).length
      expect((await ask(client, '/')).text).toBe('body 0')
      const limits = timers.mock.results.filter(isLimit).slice(before)
      // The last one is that of the lock.
      expect(limits.map(({ value }) => (value as NodeJS.Timeout).hasRef()).at(-1)).toBe(false)
    })

    it('COLL-01, STALE-04, ROB-02: a lock that fails costs none', async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const { client, barrier } = await withStale(new CountingStore(), () => Promise.reject(new Error('no lock')))
      await ask(client, '/')
      await barrier.held(1)
      barrier.release(0)
      expect(await backgroundDecision(client)).toMatchObject({ outcome: 'validated', stored: true })
    })
  })

  it('COLL-01: is given back when the response is stored, and not before', async () => {
    const events: string[] = []
    const store = new LockingStore(() => ({ release: () => void events.push('released') }))
    const set = store.set.bind(store)
    store.set = async (...args) => {
      await set(...args)
      events.push('stored')
    }
    const { client, barrier } = await withHeldOrigin(store, ok('max-age=60'), across)
    const answer = ask(client, '/')
    await barrier.held(1)
    expect(events).toEqual([])
    barrier.release(0)
    await answer
    await decided(client, 1)
    expect(events).toEqual(['stored', 'released'])
  })

  it('COLL-01: the wait ends with the request', async () => {
    let signal: AbortSignal | undefined
    const store = new LockingStore((_key, options) => {
      signal = options.signal
      return new Promise((resolve) => options.signal?.addEventListener('abort', () => resolve(undefined)))
    })
    const { client } = await withHeldOrigin(store, ok('max-age=60'), across)
    const recorder = new Recorder('new')
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await turns(20)
    const reason = new Error('changed my mind')
    recorder.control.abort(reason)
    await recorder.over
    expect(recorder.errors).toEqual([reason])
    expect(signal?.aborted).toBe(true)
    await decided(client, 1)
    expect(client.decisions[0]).toMatchObject({ outcome: 'aborted' })
    expect(client.asked).toBe(0)
  })

  it('COLL-01: who gets the lock when another one was done just before looks once more', async () => {
    let asksToo: () => Promise<unknown> = async () => {}
    let released = 0
    const store = new LockingStore(async () => {
      await asksToo()
      return { release: () => void released++ }
    })
    const { client, barrier } = await withHeldOrigin(store, ok('max-age=60'), across)
    asksToo = async () => {
      asksToo = async () => {}
      const other = another(client, store, {})()
      await barrier.held(1)
      barrier.release(0)
      await other
      while ((await store.get(`${client.origin.url}/`)).responses.length === 0) await turns()
    }
    const { text } = await ask(client, '/')
    expect(text).toBe('body 0')
    await decided(client, 1)
    expect(client.asked).toBe(1)
    expect(released).toBe(1)
  })

  it('COLL-01: without the option, and without a lock, nobody waits', async () => {
    const never: Lock = () => {
      throw new Error('not to be called')
    }
    const without = Object.assign(new MapStore(), { lock: undefined }) as never
    for (const [store, options] of [
      [new LockingStore(never), {}],
      [without, across]
    ] as const) {
      const { client, barrier } = await withHeldOrigin(store, ok('max-age=60'), options)
      const answer = ask(client, '/')
      await barrier.held(1)
      barrier.release(0)
      expect((await answer).text).toBe('body 0')
      await decided(client, 1)
    }
  })
})
