import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Barrier, decided, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns, until } from './no-stray-errors.js'
import { type Generation, generations, type OnStep, Recorder } from './recorder.js'

const half = Buffer.alloc(20_000, 'a')
const rest = Buffer.alloc(20_000, 'b')
const whole = Buffer.concat([half, rest]).toString()

type MakeStore = (typeof stores)[number][1]

/** An origin that sends head and first half, and the rest, when the test says so. */
async function inSteps(store: ReturnType<MakeStore>, options: Parameters<typeof setUp>[2] = {}) {
  const answers: ServerResponse[] = []
  const barrier = new Barrier()
  const respond: Parameters<typeof setUp>[1] = (_setUp, _request, response) => {
    answers.push(response)
    response.setHeader('Cache-Control', 'max-age=60')
    response.setHeader('ETag', '"a"')
    response.setHeader('Content-Length', half.length + rest.length)
    barrier.hold(() => response.write(half))
  }
  const client = await setUp(store, respond, options)
  const finish = (n: number) => answers[n]?.end(rest)
  return { client, barrier, answers, finish }
}

function dispatch(client: SetUp, recorder: Recorder, path = '/'): Recorder {
  client.dispatcher.dispatch({ origin: client.origin.url, path, method: 'GET' }, recorder.handler)
  return recorder
}

const points = ['before the head', 'in the body', 'after the end'] as const
const whoAborts = ['the first', 'a follower', 'the first and a follower', 'all'] as const
const cases = stores.flatMap(([storeName, make]) =>
  points.flatMap((point) =>
    whoAborts.flatMap((who) => generations.map((generation) => ({ storeName, make, point, who, generation })))
  )
)

describe('aborts among those who share an answer', () => {
  it.each(cases)('COLL-01: $who abort(s) $point ($storeName, $generation handlers)', async (the) => {
    const { client, barrier, finish, answers } = await inSteps(the.make())
    const [first, one, other] = [
      new Recorder(the.generation),
      new Recorder(the.generation),
      new Recorder(the.generation)
    ]
    dispatch(client, first)
    await barrier.held(1)
    dispatch(client, one)
    dispatch(client, other)
    await turns(20)
    const aborting =
      the.who === 'the first'
        ? [first]
        : the.who === 'a follower'
          ? [one]
          : the.who === 'all'
            ? [first, one, other]
            : [first, one]
    const staying = [first, one, other].filter((recorder) => !aborting.includes(recorder))
    const abort = () => {
      for (const recorder of aborting) recorder.control.abort(new Error('changed my mind'))
    }
    const closed = once(answers[0] as ServerResponse, 'close')
    if (the.point === 'before the head') abort()
    const isOver = the.who === 'all' && the.point !== 'after the end'
    if (!isOver || the.point === 'in the body') {
      barrier.release(0)
      await Promise.all(
        (the.point === 'before the head' ? staying : [first, one, other]).map((r) => until(() => r.chunks.length > 0))
      )
    }
    if (the.point === 'in the body') abort()
    if (isOver) await closed
    else finish(0)
    if (the.point === 'after the end') {
      await Promise.all([first, one, other].map(({ over }) => over))
      abort()
    }
    await Promise.all([first, one, other].map(({ over }) => over))
    for (const recorder of the.point === 'after the end' ? [first, one, other] : staying) {
      expect(recorder.text).toBe(whole)
      expect(recorder.errors).toEqual([])
    }
    if (the.point !== 'after the end') {
      for (const recorder of aborting) expect(recorder.errors).toEqual([new Error('changed my mind')])
    }
    for (const { misplaced } of [first, one, other]) expect(misplaced).toEqual([])
    await decided(client, 3)
    expect(client.asked).toBe(1)
    const next = new Recorder(the.generation)
    dispatch(client, next)
    if (isOver) {
      await barrier.held(2)
      barrier.release(1)
      finish(1)
    }
    await next.over
    expect(next.text).toBe(whole)
    expect(client.asked).toBe(isOver ? 2 : 1)
    await decided(client, 4)
  })
})

describe.each(stores)('those who share an answer, with %s', (_name, makeStore) => {
  const bad: [string, OnStep][] = (['start', 'head', 'data', 'end'] as const).flatMap((at): [string, OnStep][] => [
    [
      `throws at the ${at}`,
      (step) => {
        if (step === at) throw new Error('bad handler')
      }
    ],
    [
      `aborts at the ${at}`,
      (step, control) => {
        if (step === at) control.abort()
      }
    ],
    [
      `pauses for ever at the ${at}`,
      (step, control) => {
        if (step === at) control.pause()
      }
    ]
  ])
  const seats = ['first', 'second'] as const

  it.each(
    bad.flatMap(([what, onStep]) =>
      seats.flatMap((seat) => generations.map((generation) => ({ what, onStep, seat, generation })))
    )
  )(
    'COLL-01: one that $what concerns nobody else: it is the $seat ($generation handler)',
    async ({ onStep, seat, generation }) => {
      const { client, barrier, finish } = await inSteps(makeStore())
      const good = [new Recorder('new'), new Recorder('legacy')]
      const badOne = new Recorder(generation, onStep)
      const order = seat === 'first' ? [badOne, ...good] : [good[0] as Recorder, badOne, good[1] as Recorder]
      dispatch(client, order[0] as Recorder)
      await turns(20)
      for (const recorder of order.slice(1)) dispatch(client, recorder)
      await turns(20)
      await barrier.held(1)
      barrier.release(0)
      await Promise.all(good.map((recorder) => until(() => recorder.chunks.length > 0)))
      finish(0)
      await Promise.all(good.map(({ over }) => over))
      for (const recorder of good) expect(recorder).toMatchObject({ text: whole, errors: [], misplaced: [] })
      badOne.control.abort()
      await turns(20)
    }
  )

  it('COLL-01: a forward that fails before its head fails for its own caller; the others are sent on together', async () => {
    const { client, barrier, answers, finish } = await inSteps(makeStore())
    const [first, ...others] = [new Recorder('new'), new Recorder('legacy'), new Recorder('new')] as [
      Recorder,
      Recorder,
      Recorder
    ]
    dispatch(client, first)
    await barrier.held(1)
    for (const other of others) dispatch(client, other)
    await turns(20)
    answers[0]?.destroy()
    await first.over
    expect(first.errors).toHaveLength(1)
    await barrier.held(3)
    for (const n of [1, 2]) {
      barrier.release(n)
      finish(n)
    }
    for (const other of others) {
      await other.over
      expect(other.text).toBe(whole)
    }
    await decided(client, 3)
    expect(client.decisions.filter(({ collapsed }) => collapsed === false)).toHaveLength(2)
  })

  it.each([
    ['of which nothing is stored', 'serve'],
    ['of which the beginning is stored', 'store']
  ] as const)(
    'COLL-01: one that fails in the body, %s, fails for who asked; the others get the rest from an answer of their own',
    async (_what, ranges) => {
      const { client, barrier, answers, finish } = await inSteps(makeStore(), { ranges })
      const recorders = [new Recorder('new'), new Recorder('legacy'), new Recorder('new')]
      dispatch(client, recorders[0] as Recorder)
      await barrier.held(1)
      for (const recorder of recorders.slice(1)) dispatch(client, recorder)
      await turns(20)
      barrier.release(0)
      await Promise.all(recorders.map((recorder) => until(() => recorder.text.length === half.length)))
      answers[0]?.destroy()
      await barrier.held(3)
      for (const n of [1, 2]) {
        barrier.release(n)
        finish(n)
      }
      await Promise.all(recorders.map(({ over }) => over))
      const [leader, ...others] = recorders
      expect(leader?.events.at(-1)).toBe('error')
      for (const recorder of others) expect(recorder).toMatchObject({ text: whole, errors: [], misplaced: [] })
      await decided(client, 3)
      expect(client.decisions.some(({ stored }) => stored)).toBe(ranges === 'store')
    }
  )

  it.each(generations)(
    'COLL-01: who comes in the middle of the body gets all of it (%s handler)',
    async (generation: Generation) => {
      const { client, barrier, finish } = await inSteps(makeStore())
      const first = dispatch(client, new Recorder(generation))
      await barrier.held(1)
      barrier.release(0)
      await until(() => first.text.length === half.length)
      const late = dispatch(client, new Recorder(generation))
      await until(() => late.text.length === half.length)
      finish(0)
      await Promise.all([first.over, late.over])
      for (const recorder of [first, late]) expect(recorder).toMatchObject({ text: whole, errors: [], misplaced: [] })
      expect(client.asked).toBe(1)
      await decided(client, 2)
    }
  )

  it.each(['aborts', 'pauses'] as const)(
    'COLL-01: one that %s while it is not even sent, and others wait for it already, concerns nobody else',
    async (what) => {
      const { client, barrier, finish } = await inSteps(makeStore())
      const first = new Recorder('new', (step, control) => {
        if (step === 'start') queueMicrotask(() => (what === 'aborts' ? control.abort() : control.pause()))
      })
      const others = [new Recorder('new'), new Recorder('legacy')]
      for (const recorder of [first, ...others]) dispatch(client, recorder)
      await barrier.held(1)
      await turns(20)
      barrier.release(0)
      finish(0)
      await Promise.all(others.map(({ over }) => over))
      for (const recorder of others) expect(recorder).toMatchObject({ text: whole, errors: [], misplaced: [] })
      expect(client.asked).toBe(1)
      first.control.abort()
      await turns(20)
    }
  )

  it('COLL-01: what one writes into the bytes he is given the others do not see', async () => {
    const { client, barrier, finish } = await inSteps(makeStore())
    const scribble = (): Recorder => {
      const recorder = new Recorder('new')
      const { onResponseData } = recorder.handler
      recorder.handler.onResponseData = (controller, chunk) => {
        onResponseData?.(controller, chunk)
        chunk.fill(0)
      }
      return recorder
    }
    const recorders = [scribble(), scribble(), new Recorder('new')]
    dispatch(client, recorders[0] as Recorder)
    await barrier.held(1)
    for (const recorder of recorders.slice(1)) dispatch(client, recorder)
    await turns(20)
    barrier.release(0)
    finish(0)
    await Promise.all(recorders.map(({ over }) => over))
    for (const recorder of recorders) expect(recorder.text).toBe(whole)
    await decided(client, 3)
  })
})

describe('slow readers of a shared answer', () => {
  const pieceBytes = 65_536
  const pieces = 64
  const all = pieces * pieceBytes
  const waiting: (() => void)[] = []
  afterEach(() => {
    for (const stop of waiting.splice(0)) stop()
  })

  async function longOrigin(store: MapStore, options: Parameters<typeof setUp>[2] = {}, byte = () => 'x') {
    const barrier = new Barrier()
    const sent = { bytes: 0 }
    const client = await setUp(
      store,
      (_setUp, _request, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        barrier.hold(async () => {
          const piece = Buffer.alloc(pieceBytes, byte())
          for (let i = 0; i < pieces; i++) {
            sent.bytes += piece.length
            if (!response.write(piece)) await once(response, 'drain')
          }
          response.end()
        })
      },
      { copyBufferBytes: 65_536, ...options }
    )
    return { client, barrier, sent }
  }
  const pausing = () => new Recorder('new', (step, control) => step === 'head' && control.pause())

  it.each(['first', 'follower'] as const)(
    'COLL-01: one that pauses holds nobody up, and goes on from the stored copy: the %s',
    async (seat) => {
      const { client, barrier } = await longOrigin(new MapStore())
      const slow = pausing()
      const quick = new Recorder('new')
      const order = seat === 'first' ? [slow, quick] : [quick, slow]
      dispatch(client, order[0] as Recorder)
      await barrier.held(1)
      dispatch(client, order[1] as Recorder)
      await turns(20)
      barrier.release(0)
      await quick.over
      expect(quick.text).toHaveLength(all)
      await until(() => client.decisions.some(({ stored }) => stored))
      expect(slow.chunks).toEqual([])
      slow.control.resume()
      await slow.over
      expect(slow.errors).toEqual([])
      expect(slow.text).toBe(quick.text)
      expect(client.asked).toBe(1)
    }
  )

  it.each([
    ['what comes is the same', 'x', undefined],
    ['what comes is not the same', 'y', 'CC_FELL_BEHIND']
  ])(
    'COLL-01: one that pauses asks for himself if it is not stored, and never ends early: %s',
    async (_what, then, code) => {
      let byte = 'x'
      const { client, barrier } = await longOrigin(new MapStore({ maxEntryBytes: 100_000 }), {}, () => byte)
      let taken = 0
      const slow = new Recorder('new', (step, control) => {
        if (step === 'data' && ++taken === 2) control.pause()
      })
      const quick = dispatch(client, new Recorder('new'))
      await barrier.held(1)
      dispatch(client, slow)
      await turns(20)
      barrier.release(0)
      await quick.over
      expect(quick.text).toBe('x'.repeat(all))
      byte = then
      slow.control.resume()
      await barrier.held(2)
      barrier.release(1)
      await slow.over
      if (code === undefined) expect(slow).toMatchObject({ text: quick.text, errors: [], misplaced: [] })
      else expect(slow.errors).toMatchObject([{ code }])
      expect(client.asked).toBe(2)
    }
  )

  it('COLL-01: if all pause, the network does too', async () => {
    const { client, barrier, sent } = await longOrigin(new MapStore())
    const recorders = [pausing(), pausing()]
    dispatch(client, recorders[0] as Recorder)
    await barrier.held(1)
    dispatch(client, recorders[1] as Recorder)
    await turns(20)
    barrier.release(0)
    await Promise.all(recorders.map((recorder) => recorder.seen('head 200')))
    await turns(200)
    for (const recorder of recorders) recorder.control.resume()
    await Promise.all(recorders.map(({ over }) => over))
    for (const recorder of recorders) expect(recorder.text).toHaveLength(all)
    expect(sent.bytes).toBe(all)
    expect(client.asked).toBe(1)
  })
})

describe('COLL-01: a request that is sent on alone', () => {
  it.each([
    ['Range', { Range: 'bytes=0-1' }],
    ['no-cache', { 'Cache-Control': 'no-cache' }],
    ['max-age=0', { 'Cache-Control': 'max-age=0' }],
    ['no-store', { 'Cache-Control': 'no-store' }],
    ['If-Match', { 'If-Match': '"a"' }]
  ])('waits for nobody: %s', async (_what, headers) => {
    const barrier = new Barrier()
    const client = await setUp(new MapStore(), ({ clock }, _request, response, n) => {
      barrier.hold(() => send(response, ok('max-age=60'), clock, n))
    })
    const first = dispatch(client, new Recorder('new'))
    await barrier.held(1)
    const own = new Recorder('new')
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET', headers }, own.handler)
    await barrier.held(2)
    barrier.release(1)
    await own.over
    barrier.release(0)
    await first.over
    expect([own.text, first.text]).toEqual(['body 1', 'body 0'])
  })
})
