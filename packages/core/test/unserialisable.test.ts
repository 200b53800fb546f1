import { type CacheDecision, type CacheOptions, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { turns } from './no-stray-errors.js'
import { Recorder } from './recorder.js'
import { RecordingStore } from './recording-store.js'

interface Head {
  readonly status?: unknown
  readonly statusText?: unknown
  readonly headers?: Record<string, unknown>
}

/** A network that answers with what none could send, as mocks and other interceptors may. */
const network =
  ({ status = 200, statusText = 'OK', headers = {} }: Head): Dispatcher.Dispatch =>
  (_opts, handler) => {
    const told = handler as Required<typeof handler>
    const controller = { rawHeaders: null, pause() {}, resume() {}, abort() {} } as never
    const fields = { 'cache-control': 'public, max-age=60', 'content-length': '4', vary: 'x-vary', ...headers }
    told.onRequestStart(controller, {})
    told.onResponseStart(controller, status as number, fields as never, statusText as string)
    told.onResponseData(controller, Buffer.from('body'))
    told.onResponseEnd(controller, {})
    return true
  }

/** Asks twice, and tells what reached the caller, how the cache decided, and what its store was given to keep. */
async function ask(head: Head, options: Omit<CacheOptions, 'store'> = {}, kind: object = {}) {
  const store = new RecordingStore(kind)
  const decisions: CacheDecision[] = []
  const onDecision = (decision: CacheDecision) => void decisions.push(decision)
  const dispatch = cacheInterceptor({ ...options, store, onDecision })(network(head))
  const recorders = [new Recorder('new'), new Recorder('new')]
  for (const recorder of recorders) {
    const headers = { 'x-vary': 'v' }
    dispatch({ origin: 'http://a.example', path: '/', method: 'GET', headers }, recorder.handler)
    await recorder.over
    await turns(4)
  }
  return { recorders, decisions, sets: store.calls.filter((call) => call === 'set').length }
}

const cycle: Record<string, unknown> = {}
cycle.self = cycle

const heads: [what: string, head: Head][] = [
  ['a status that is a BigInt', { status: 200n }],
  ['a status as text', { status: '200' }],
  ['a status that no number of three digits is', { status: 99_999 }],
  ['a status that is no number', { status: Number.NaN }],
  ['a status text with a line break', { statusText: 'OK\r\nX-Injected: 1' }],
  ['a status text with NUL', { statusText: 'OK\0' }],
  ['a status text with a control character', { statusText: '\u001b[2J' }],
  ['a status text that is no bytes', { statusText: '\u4f60' }],
  ['a status text that is half a character', { statusText: '\ud800' }],
  ['a status text that is a BigInt', { statusText: 1n }],
  ['a status text that holds itself', { statusText: cycle }],
  ['no status text at all', { statusText: null }],
  ['a field value with a line break', { headers: { x: 'a\r\nSet-Cookie: x=1' } }],
  ['a field value with NUL', { headers: { x: 'a\0b' } }],
  ['a field value with a control character', { headers: { x: 'a\u0007b' } }],
  ['a field value with DEL', { headers: { x: 'a\u007fb' } }],
  ['a long field value with a control character', { headers: { x: `\u0001${'x'.repeat(1_000)}` } }],
  ['a field value that is no bytes', { headers: { x: '\u20ac' } }],
  ['a field value that is half a character', { headers: { x: ['a', '\udc00'] } }],
  ['a field name with a line break', { headers: { 'x\r\ny': 'a' } }],
  ['a field name with a control character', { headers: { 'x\u0001': 'a' } }],
  ['a field name that is no bytes', { headers: { '\u4f60': 'a' } }],
  ['no field name', { headers: { '': 'a' } }]
]

describe.each([
  ['a store in memory', { sync: true, keepsObjects: true }],
  ['a store elsewhere', {}]
])('what cannot be kept as it is, with %s', (_name, kind) => {
  it.each(heads)('reaches the caller, and no store: %s (SEC-01, STORE-11) (rows X2, X3)', async (_what, head) => {
    const { recorders, decisions, sets } = await ask(head, {}, kind)
    for (const { text, errors, statusText, status, headers } of recorders) {
      expect([text, errors]).toEqual(['body', []])
      if (head.status !== undefined) expect(status).toBe(head.status)
      if (head.statusText !== undefined) expect(statusText).toBe(head.statusText)
      expect(headers).toMatchObject(head.headers ?? {})
    }
    expect(decisions.map(({ outcome, stored }) => [outcome, stored])).toEqual(Array(2).fill(['miss', false]))
    expect(['SEC-01', 'STORE-11']).toContain(decisions[0]?.notStored?.requirement)
    expect(sets).toBe(0)
  })

  const options: [what: string, options: Omit<CacheOptions, 'store'>, outcome: string][] = [
    ['a partition that is half a character', { partition: () => 'a\ud800' }, 'bypass'],
    ['a partition that is a BigInt', { partition: () => 1n as never }, 'bypass'],
    ['a selecting value that is half a character', { varyNormalizers: { 'x-vary': () => '\ud800' } }, 'miss'],
    ['a selecting value that is a BigInt', { varyNormalizers: { 'x-vary': () => 1n as never } }, 'miss'],
    ['a selecting value that holds itself', { varyNormalizers: { 'x-vary': () => cycle as never } }, 'miss'],
    ['a time that is a BigInt', { clock: () => 1n as never }, 'miss'],
    ['a time before all dates', { clock: () => -1 }, 'miss'],
    ['a time after all dates', { clock: () => 9e15 }, 'miss'],
    ['no time', { clock: () => undefined as never }, 'miss']
  ]
  it.each(options)('comes of options, too: %s (KEY-05, VARY-07, CLK-02) (row X2)', async (_what, given, outcome) => {
    const { recorders, decisions, sets } = await ask({}, given, kind)
    for (const { text, errors } of recorders) expect([text, errors]).toEqual(['body', []])
    expect(decisions.map(({ outcome, stored }) => [outcome, stored])).toEqual(Array(2).fill([outcome, false]))
    expect(sets).toBe(0)
  })

  it.each<[string, Omit<CacheOptions, 'store'>, Head]>([
    [
      'a stale response is kept as long as can be',
      { keepStaleSeconds: Number.MAX_VALUE },
      { headers: { etag: '"a"' } }
    ],
    ['a heuristic says very long', { heuristic: () => 1e300 }, { headers: { 'cache-control': 'public' } }],
    ['a partition has any characters', { partition: () => '\u4f60 \u{1f600}' }, {}]
  ])('is not all that looks like it: %s (STORE-12, KEY-05) (row X5)', async (_what, given, head) => {
    const { recorders, decisions } = await ask(head, given, kind)
    for (const { text, errors } of recorders) expect([text, errors]).toEqual(['body', []])
    expect(decisions.map(({ outcome, stored }) => [outcome, stored])).toEqual([
      ['miss', true],
      ['hit', false]
    ])
  })
})
