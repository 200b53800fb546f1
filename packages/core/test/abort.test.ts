import { type CacheDecision, type CacheStore, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, errors } from 'undici'
import { FaultyStore, Gate } from './faulty-store.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { type Generation, generations, Recorder, type Step } from './recorder.js'

const body = Buffer.alloc(200_000, 'x')

/** An origin that sends its answers in two halves; `hold` keeps the second back. */
async function clientOf(store: CacheStore, hold = new Set<string>()): Promise<SetUp> {
  return await setUp(store, (_setUp, request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.byteLength)
    response.write(body.subarray(0, 100_000))
    if (!hold.has(request.path)) response.end(body.subarray(100_000))
  })
}

function dispatch(client: SetUp, recorder: Recorder, path = '/'): void {
  client.dispatcher.dispatch({ origin: client.origin.url, path, method: 'GET' }, recorder.handler)
}

/** Exactly one error, the right one, and nothing after it. */
function expectAborted(recorder: Recorder, reason: Error | undefined): void {
  expect(recorder.errors).toHaveLength(1)
  expect(recorder).toMatchObject({ misplaced: [] })
  expect(recorder.events.at(-1)).toBe('error')
  const [error] = recorder.errors
  if (reason !== undefined) return expect(error).toBe(reason)
  expect(error).toMatchObject({ name: 'AbortError', code: 'UND_ERR_ABORTED' })
  for (const kind of [errors.RequestAbortedError, errors.UndiciError]) expect(error).toBeInstanceOf(kind)
}

const reasons = [
  { given: 'with a reason', reason: new Error('changed my mind') },
  { given: 'without a reason', reason: undefined }
]
const points: { point: string; at: (step: Step, recorder: Recorder) => boolean }[] = [
  { point: 'at the start', at: (step) => step === 'start' },
  { point: 'at the headers', at: (step) => step === 'head' },
  { point: 'on the first chunk', at: (step) => step === 'data' },
  {
    point: 'on the last chunk',
    at: (step, { chunks }) => step === 'data' && Buffer.concat(chunks).byteLength === body.byteLength
  }
]
const sources = [
  { source: 'the network', make: () => new MapStore(), isStored: false },
  ...stores.map(([source, make]) => ({ source, make, isStored: true }))
]
const cases = points.flatMap((point) =>
  reasons.flatMap((reason) => generations.map((generation: Generation) => ({ ...point, ...reason, generation })))
)

describe.each(sources)('MSG-03: an abort of what comes from $source', ({ make, isStored }) => {
  it.each(cases)('$point $given is one error ($generation handler)', async ({ at, reason, generation }) => {
    const client = await clientOf(make())
    if (isStored) await client.get('/')
    const recorder = new Recorder(generation, (step, control, recorder) => {
      if (at(step, recorder)) control.abort(reason)
    })
    dispatch(client, recorder)
    await recorder.over
    await turns(20)
    recorder.control.abort(new Error('once more'))
    expectAborted(recorder, reason)
    const { decision } = await client.get('/')
    expect(decision.outcome).toBe(isStored ? 'hit' : 'miss')
  })

  it.each(generations)('after the end is nothing (%s handler)', async (generation) => {
    const client = await clientOf(make())
    if (isStored) await client.get('/')
    const recorder = new Recorder(generation)
    dispatch(client, recorder)
    await recorder.over
    recorder.control.abort(new Error('too late'))
    await turns()
    expect(recorder).toMatchObject({ errors: [], misplaced: [] })
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe.each(reasons)('MSG-03: an abort $given', ({ reason }) => {
  it.each(generations)('before the store has answered sends nothing (%s handler)', async (generation) => {
    const gate = new Gate()
    const store = new FaultyStore()
    store.faults.get = (sound) => gate.opened.then(sound)
    const client = await clientOf(store)
    const recorder = new Recorder(generation)
    dispatch(client, recorder)
    await recorder.seen('start')
    const decided = client.nextDecision()
    recorder.control.abort(reason)
    expectAborted(recorder, reason)
    gate.open()
    expect(await decided).toMatchObject({ outcome: 'aborted', stored: false })
    await turns()
    expect(client.asked).toBe(0)
    expectAborted(recorder, reason)
  })

  it.each(generations)('before the store has opened the body lets go of it (%s handler)', async (generation) => {
    const gate = new Gate()
    let released = 0
    let read = 0
    const store = new FaultyStore()
    const client = await setUp(store, (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(Buffer.alloc(50 * 100_000, 'x'))
    })
    await client.get('/')
    store.faults.openBody = async () => {
      await gate.opened
      return releasable(
        (function* () {
          for (; read < 50; read++) yield body.subarray(0, 100_000)
        })(),
        () => released++
      )
    }
    const recorder = new Recorder(generation)
    dispatch(client, recorder)
    await recorder.seen('start')
    await turns()
    recorder.control.abort(reason)
    gate.open()
    while (released === 0) await turns()
    expectAborted(recorder, reason)
    expect([released, client.asked]).toEqual([1, 1])
    expect(read).toBeLessThan(25)
  })

  it.each([
    ...generations.map((generation) => ({ generation, step: 'head' as const, chunks: 0 })),
    ...generations.map((generation) => ({ generation, step: 'data' as const, chunks: 1 }))
  ])('at $step of a long stored body lets go of it ($generation handler)', async ({ generation, step, chunks }) => {
    let released = 0
    const store = new FaultyStore()
    const long = Array.from({ length: 30 }, () => Buffer.alloc(100_000, 'x'))
    const client = await setUp(store, (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(Buffer.concat(long))
    })
    await client.get('/')
    store.faults.openBody = async () => releasable(long, () => released++)
    const recorder = new Recorder(generation, (at, control) => {
      if (at === step) control.abort(reason)
    })
    dispatch(client, recorder)
    await recorder.over
    await turns(20)
    expectAborted(recorder, reason)
    expect(recorder.chunks).toHaveLength(chunks)
    expect(released).toBe(1)
  })

  it.each(generations)('before the headers cuts the connection (%s handler)', async (generation) => {
    let hasCome = () => {}
    const came = new Promise<void>((resolve) => {
      hasCome = resolve
    })
    const cut = new Gate()
    const client = await setUp(new MapStore(), (_setUp, _request, response) => {
      response.on('close', cut.open)
      hasCome()
    })
    const recorder = new Recorder(generation)
    dispatch(client, recorder)
    await came
    recorder.control.abort(reason)
    expectAborted(recorder, reason)
    await cut.opened
    expect(recorder.events).toEqual(['start', 'error'])
  })

  it.each(generations)(
    'in a pause of the origin in the middle of the body stores nothing (%s handler)',
    async (generation) => {
      const hold = new Set(['/'])
      const client = await clientOf(new MapStore(), hold)
      const recorder = new Recorder(generation)
      dispatch(client, recorder)
      await recorder.seen('head 200')
      await turns(20)
      recorder.control.abort(reason)
      expectAborted(recorder, reason)
      hold.clear()
      expect(await client.get('/')).toMatchObject({ decision: { outcome: 'miss', reason: 'uri-miss', stored: true } })
    }
  )
})

describe('MSG-03: an abort in the queue of undici', () => {
  it.each(generations)(
    'does not wait for the request before it, and sends nothing (%s handler)',
    async (generation) => {
      const client = await clientOf(new MapStore(), new Set(['/slow']))
      const agent = new Agent({ connections: 1, pipelining: 1 })
      const decisions: CacheDecision[] = []
      const cache = cacheInterceptor({ store: new MapStore(), onDecision: (decision) => decisions.push(decision) })
      const dispatcher = agent.compose(cache)
      const dispatchTo = (path: string, recorder: Recorder) =>
        dispatcher.dispatch({ origin: client.origin.url, path, method: 'GET' }, recorder.handler)
      const slow = new Recorder(generation)
      dispatchTo('/slow', slow)
      await slow.seen('head 200')
      const queued = new Recorder(generation)
      dispatchTo('/queued', queued)
      await queued.seen('start')
      await turns()
      queued.control.abort()
      expectAborted(queued, undefined)
      slow.control.abort()
      await turns(20)
      expectAborted(queued, undefined)
      expect(client.origin.requests.map(({ path }) => path)).toEqual(['/slow'])
      expect(decisions.map(({ stored }) => stored)).toEqual([false, false])
      await agent.destroy()
    }
  )
})

async function* releasable(pieces: Iterable<Uint8Array>, released: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } finally {
    released()
  }
}
