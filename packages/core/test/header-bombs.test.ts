import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { stores } from './harness.js'
import type { MapStore } from './map-store.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { Recorder } from './recorder.js'

const agents: Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

type Line = readonly [name: string, value: string]

const mebibyte = 1_048_576
const times = (count: number, line: (i: number) => Line) => Array.from({ length: count }, (_, i) => line(i))
const listed = (count: number, member: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => member(i)).join(', ')

/** A client that takes heads of any length, and an origin that answers with these lines, the last ones again and again. */
async function clientOf(store: MapStore, ...answers: (readonly Line[])[]) {
  const agent = new Agent({ maxHeaderSize: 1 << 26 })
  agents.push(agent)
  const decisions: CacheDecision[] = []
  let decided = () => {}
  const onDecision = (decision: CacheDecision) => {
    decisions.push(decision)
    decided()
  }
  const dispatcher = agent.compose(cacheInterceptor({ store, onDecision }))
  const origin = await rawOrigin((socket, n) => {
    const lines = (answers[Math.min(n, answers.length - 1)] as readonly Line[]).map(
      ([name, value]) => `${name}: ${value}`
    )
    writeRaw(socket, ['HTTP/1.1 200 OK', 'Content-Length: 6', ...lines], `body ${n}`)
  })
  const get = async (headers: Record<string, string> | string[] = {}) => {
    const told = new Promise<void>((resolve) => {
      decided = resolve
    })
    const recorder = new Recorder('new')
    dispatcher.dispatch({ origin: origin.url, path: '/', method: 'GET', headers }, recorder.handler)
    await recorder.over
    await told
    const raw = recorder.rawHeaders.map((part) => Buffer.from(part as Uint8Array).toString('latin1'))
    const lines = times(raw.length / 2, (i) => [raw[2 * i] as string, raw[2 * i + 1] as string])
    return { text: recorder.text, errors: recorder.errors, lines, decision: decisions.at(-1) as CacheDecision }
  }
  return { get, origin }
}

const inAnswers: [what: string, lines: readonly Line[], isStored: boolean][] = [
  ['ten thousand names in Vary', [['Vary', listed(10_000, (i) => `x-${i}`)]], false],
  ['Vary on ten thousand lines', times(10_000, (i) => ['Vary', `x-${i}`]), false],
  ['a mebibyte of directives', [['Cache-Control', listed(mebibyte / 8, (i) => `x${i % 999_999}`)]], false],
  ['max-age of a million digits', [['Cache-Control', `max-age=${'9'.repeat(1e6)}`]], false],
  ['max-age on ten thousand lines', times(10_000, () => ['Cache-Control', 'max-age=9']), false],
  ['quotes in quotes', [['Cache-Control', `x="${'\\"'.repeat(mebibyte / 2)}"`]], false],
  ['a quote that never ends', [['Cache-Control', `private="${'a,'.repeat(mebibyte / 2)}`]], false],
  ['a mebibyte of names in Connection', [['Connection', listed(100_000, (i) => `x-${i}`)]], false],
  ['a mebibyte of ETag', [['ETag', `"${'e'.repeat(mebibyte)}"`]], true],
  ['a mebibyte of ETag without quotes', [['ETag', 'e'.repeat(mebibyte)]], true],
  ['a mebibyte of Age', [['Age', `0${','.repeat(mebibyte)}`]], true],
  ['a mebibyte of Date', [['Date', listed(mebibyte / 5, () => 'Mon')]], true],
  ['a mebibyte of Last-Modified', [['Last-Modified', '0'.repeat(mebibyte)]], true],
  ['a mebibyte of Link', [['Link', listed(mebibyte / 32, (i) => `</${i}>; rel="preload"; as=style`)]], true],
  ['nine thousand cookies', times(9_000, (i) => ['Set-Cookie', `c${i}=${i}`]), true],
  ['nine thousand fields', times(9_000, (i) => [`X-${i}`, String(i)]), true],
  ['__proto__ nine thousand times', times(9_000, (i) => ['__proto__', String(i)]), true]
]

const inRequests: [what: string, headers: string[]][] = [
  ['fifty thousand fields', times(50_000, (i) => [`x-${i}`, String(i)]).flat()],
  ['one field fifty thousand times', times(50_000, (i) => ['x-same', String(i)]).flat()],
  ['a mebibyte of cookies', ['cookie', 'c=1; '.repeat(mebibyte / 5)]],
  ['a mebibyte of a field that selects', ['x-selecting', `${' ,'.repeat(mebibyte / 2)}x`]],
  ['a mebibyte of Accept-Language', ['accept-language', 'de ; q=1 , '.repeat(mebibyte / 11)]],
  ['a mebibyte of Pragma', ['pragma', ','.repeat(mebibyte)]],
  ['a mebibyte of Host', ['host', 'a'.repeat(mebibyte)]]
]

describe.each(stores)('heads that are too long, with %s (RFC 9110 §17.5) (row X8)', (_name, makeStore) => {
  it.each(inAnswers)(
    'reach the caller as they are, and are kept only within limits: %s (SEC-04, ROB-01)',
    async (_what, bomb, isStored) => {
      const isDirective = bomb[0]?.[0] === 'Cache-Control'
      const sent: readonly Line[] = isDirective ? bomb : [['Cache-Control', 'public, max-age=60'], ...bomb]
      const { get, origin } = await clientOf(makeStore(), sent)
      const first = await get()
      expect({ ...first, lines: first.lines.length }).toMatchObject({
        text: 'body 0',
        errors: [],
        decision: { stored: isStored }
      })
      expect(first.lines.slice(1)).toEqual(sent.map(([name, value]) => [name, value.trim()]))
      const again = await get()
      expect(again.text).toBe(isStored ? 'body 0' : 'body 1')
      expect(origin.requests).toHaveLength(isStored ? 1 : 2)
      if (!isStored) return
      // Served as it was received, but for what changes with time, and for a Date that was none (FLD-06, AGE-04).
      const lasting = (lines: readonly Line[]) =>
        lines.filter(([name]) => !/^(age|date|connection|content-length)$/i.test(name))
      expect(lasting(again.lines)).toEqual(lasting(first.lines))
    }
  )

  it.each(inRequests)('reach the origin as they are: %s (SEC-04, ROB-01)', async (_what, headers) => {
    const { get, origin } = await clientOf(makeStore(), [
      ['Cache-Control', 'max-age=60'],
      ['Vary', 'X-Selecting, Accept-Language, X-Same']
    ])
    for (const expected of ['hit', 'miss']) {
      const { errors, text, decision } = await get(headers)
      expect(errors).toEqual([])
      expect(text).toBe('body 0')
      const sent = (origin.requests[0] as string)
        .split('\r\n')
        .filter((line) => !/^(connection|host: 127)/i.test(line))
        .slice(1)
      expect(sent).toEqual(
        times(headers.length / 2, (i) => [`${headers[2 * i]}: ${headers[2 * i + 1]}`, '']).map(([line]) => line)
      )
      if (expected === 'miss') expect(decision.outcome).toBe('hit')
    }
    const { text, decision } = await get({ 'x-same': 'other', 'x-selecting': 'other' })
    expect([text, decision.outcome]).toEqual(['body 1', 'miss'])
  })

  it('find their way into no precondition that nobody can send: a list of a hundred thousand tags (VAL-05, VAL-07)', async () => {
    const { get, origin } = await clientOf(makeStore(), [
      ['Cache-Control', 'max-age=60'],
      ['ETag', '"99999"']
    ])
    await get()
    const found = await get({ 'if-none-match': listed(100_000, (i) => `"${i}"`) })
    expect([found.text, found.decision.status]).toEqual(['', 304])
    const notFound = await get({ 'if-none-match': `${listed(99_999, (i) => `"${i}"`)}, W/"` })
    expect([notFound.text, notFound.decision.outcome]).toEqual(['body 0', 'hit'])
    expect(origin.requests).toHaveLength(1)
  })
})
