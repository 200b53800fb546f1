import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { toHeaders, toRawHeaders } from '../src/undici/response-fields.js'
import { stores, TestClock } from './harness.js'
import { MapStore } from './map-store.js'
import { type Generation, generations, Recorder } from './recorder.js'

type Line = readonly [name: string, value: string]

/** What is measured: a number of things in one head or in two. */
interface Bomb {
  /** How many there are at least, and at most. */
  readonly few: number
  readonly many: number
  readonly answer?: (count: number) => readonly Line[]
  /** Of a 304 to what is stored with `answer`. */
  readonly notModified?: (count: number) => readonly Line[]
  readonly request?: (count: number) => readonly Line[]
}

const times = (count: number, line: (i: number) => Line) => Array.from({ length: count }, (_, i) => line(i))
const listed = (count: number, member: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => member(i)).join(',')
const fields = (count: number) => times(count, (i) => [`X-${i}`, '1'])

/** As many as are stored. */
const stored = { few: 900, many: 9_900 }
const unstored = { few: 2_000, many: 20_000 }
const mostFields = (count: number) => fields(Math.min(count, stored.many))

const bombs: Record<string, Bomb> = {
  'fields of many names': { ...stored, answer: fields },
  'fields of one name': { ...stored, answer: (count) => times(count, (i) => ['Set-Cookie', `c${i}=1`]) },
  'fields of many names that are too many': { ...unstored, answer: fields },
  'fields of one name that are too many': { ...unstored, answer: (count) => times(count, (i) => ['X', String(i)]) },
  'fields of many names in requests': { ...unstored, request: fields },
  'fields of one name in requests': { ...unstored, request: (count) => times(count, (i) => ['x-same', String(i)]) },
  'fields of many names in a 304': { ...unstored, answer: mostFields, notModified: fields },
  'fields of one name in a 304': {
    ...unstored,
    answer: mostFields,
    notModified: (count) => times(count, (i) => ['X-1', String(i)])
  },
  'names in Connection in a 304 of many fields': {
    ...unstored,
    answer: mostFields,
    notModified: (count) => [...fields(count), ['Connection', listed(count, (i) => `y-${i}`)]]
  },
  'names in no-cache in a 304 of many fields': {
    ...unstored,
    answer: mostFields,
    notModified: (count) => [
      ...fields(count),
      ['Cache-Control', `max-age=60, no-cache="${listed(count, (i) => `y-${i}`)}"`]
    ]
  },
  'names in Vary in a 304': { ...unstored, notModified: (count) => [['Vary', listed(count, (i) => `y-${i}`)]] },
  'tags in If-None-Match': { ...unstored, request: (count) => [['if-none-match', listed(count, (i) => `"${i}"`)]] }
}

const always: readonly Line[] = [
  ['Cache-Control', 'public, max-age=1'],
  ['ETag', '"a"'],
  ['Content-Length', '4']
]

/** A network in this process: what is measured is the cache alone. */
function network(bomb: Pick<Bomb, 'answer' | 'notModified'>, count: number): Dispatcher.Dispatch {
  const prepared = (status: number, lines: readonly Line[]) => ({
    status,
    raw: toRawHeaders(lines),
    headers: toHeaders(lines)
  })
  const full = prepared(200, [...always, ...(bomb.answer?.(count) ?? [])])
  const short = prepared(304, bomb.notModified?.(count) ?? [])
  return (opts, handler) => {
    const validates = bomb.notModified !== undefined && JSON.stringify(opts.headers).includes('if-none-match')
    const { status, raw, headers } = validates ? short : full
    const told = handler as Required<typeof handler>
    const controller = { rawHeaders: raw, pause() {}, resume() {}, abort() {} } as never
    told.onRequestStart(controller, {})
    told.onResponseStart(controller, status, headers, 'OK')
    if (status === 200) told.onResponseData(controller, Buffer.from('body'))
    told.onResponseEnd(controller, {})
    return true
  }
}

/** How long it takes to store, serve and validate, in milliseconds: on a busy machine that is less than goes by. */
async function costMs(bomb: Bomb, count: number, generation: Generation): Promise<number> {
  const dispatch = network(bomb, count)
  const headers = (bomb.request?.(count) ?? []).flat()
  const clock = new TestClock()
  const outcomes: string[] = []
  const onDecision = ({ outcome }: CacheDecision) => void outcomes.push(outcome)
  const store = new MapStore({ sync: true, keepsObjects: true })
  const cached = cacheInterceptor({ store, clock: () => clock.now, onDecision })(dispatch)
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  for (const seconds of [0, 0, 2]) {
    clock.advance(seconds)
    const recorder = new Recorder(generation)
    cached({ origin: 'http://a.example', path: '/', method: 'GET', headers }, recorder.handler)
    await recorder.over
    if (recorder.errors.length > 0) throw recorder.errors[0]
  }
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  if (bomb.notModified !== undefined) expect(outcomes).toEqual(['miss', 'hit', 'validated'])
  return Math.min(wallMs, (user + system) / 1_000)
}

describe('the time that many of them take', () => {
  const attempts = 8
  /** Too little to tell how it grows. */
  const leastMs = 10

  const cases = Object.keys(bombs).flatMap((name) => generations.map((generation) => [name, generation] as const))
  it.each(cases)('grows no faster than their number: %s, %s handlers (SEC-04) (row X8)', async (name, generation) => {
    const bomb = bombs[name] as Bomb
    // Were it to grow with the square, it would be `factor` times as much again.
    const factor = bomb.many / bomb.few
    let few = Number.POSITIVE_INFINITY
    let many = Number.POSITIVE_INFINITY
    let limit = 0
    for (let warmUp = 0; warmUp < 5; warmUp++) few = Math.min(few, await costMs(bomb, bomb.few, generation))
    // What disturbs an attempt only ever adds to it: one that is undisturbed is enough.
    for (let attempt = 0; attempt < attempts && many > limit; attempt++) {
      few = Math.min(few, await costMs(bomb, bomb.few, generation))
      many = Math.min(many, await costMs(bomb, bomb.many, generation))
      limit = Math.max(2 * factor * few, leastMs)
    }
    expect(many).toBeLessThanOrEqual(limit)
  })
})

describe.each(stores)('more fields than %s may hold', (_name, makeStore) => {
  it('are ten thousand and one: so many less one are served again (SEC-04, SEC-05) (row X5)', async () => {
    const decisions: CacheDecision[] = []
    const onDecision = (decision: CacheDecision) => void decisions.push(decision)
    const most = (count: number) => fields(count - always.length)
    // What is stored is fresh for a second, which a busy machine may spend on storing it.
    const { now } = new TestClock()
    const cached = cacheInterceptor({ store: makeStore(), onDecision, clock: () => now })(
      network({ answer: most }, 10_000)
    )
    for (let asked = 1; asked <= 2; asked++) {
      const recorder = new Recorder('new')
      cached({ origin: 'http://a.example', path: '/', method: 'GET' }, recorder.handler)
      await recorder.over
      while (decisions.length < asked) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(decisions.map(({ outcome, stored }) => [outcome, stored])).toEqual([
      ['miss', true],
      ['hit', false]
    ])
  })

  it.each([10_001, 30_000])(
    'are not stored, rather than stored and never served: %i (SEC-04, SEC-05)',
    async (count) => {
      const decisions: CacheDecision[] = []
      const onDecision = (decision: CacheDecision) => void decisions.push(decision)
      const cached = cacheInterceptor({ store: makeStore(), onDecision })(network({ answer: fields }, count))
      for (let asked = 1; asked <= 2; asked++) {
        const recorder = new Recorder('new')
        cached({ origin: 'http://a.example', path: '/', method: 'GET' }, recorder.handler)
        await recorder.over
        while (decisions.length < asked) await new Promise((resolve) => setImmediate(resolve))
        expect([recorder.text, recorder.errors, decisions.at(-1)?.stored]).toEqual(['body', [], false])
        expect(decisions.at(-1)?.notStored?.requirement).toBe('SEC-04')
      }
    }
  )
})
