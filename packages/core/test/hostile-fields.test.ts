import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import { stores, TestClock } from './harness.js'
import type { MapStore } from './map-store.js'
import { rawOrigin, writeRaw } from './raw-origin.js'

const agents: Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

const limit = 16_384
/** A value of this length that says `max-age=60`. */
const padded = (length: number) => 'max-age=60, '.padEnd(length, 'x')
const names = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}`).join(',')

/** A client that takes fields of any length from an origin that sends these lines, the last ones again and again. */
async function clientOf(store: MapStore, ...answers: string[][]) {
  const clock = new TestClock()
  const decisions: CacheDecision[] = []
  const agent = new Agent({ maxHeaderSize: 1 << 24 })
  agents.push(agent)
  const onDecision = (decision: CacheDecision) => decisions.push(decision)
  const dispatcher = agent.compose(cacheInterceptor({ store, clock: () => clock.now, onDecision }))
  const origin = await rawOrigin((socket, n) => {
    const lines = answers[Math.min(n, answers.length - 1)] as string[]
    const [first = ''] = lines
    const status = first.startsWith('HTTP/') ? [] : ['HTTP/1.1 200 OK', 'Content-Length: 6']
    writeRaw(socket, [...status, ...lines], first.startsWith('HTTP/') ? '' : `body ${n}`)
  })
  const get = async (headers: Record<string, string> = {}) => {
    const { statusCode, headers: received, body } = await request(origin.url, { dispatcher, headers })
    const text = await body.text()
    while (decisions.length === 0) await new Promise((resolve) => setImmediate(resolve))
    return { status: statusCode, headers: received, text, decision: decisions.pop() as CacheDecision }
  }
  return { get, origin, clock }
}

describe.each(stores)('over-long fields, with %s (RFC 9110 §17.5)', (_name, makeStore) => {
  it.each<[string, string[], string]>([
    ['a million commas in Cache-Control', [`Cache-Control: max-age=60${','.repeat(1e6)}`], 'SEC-04'],
    ['a million quotes in Cache-Control', [`Cache-Control: max-age=60, x=${'"'.repeat(1e6)}`], 'SEC-04'],
    ['Cache-Control one character too long', [`Cache-Control: ${padded(limit + 1)}`], 'SEC-04'],
    [
      'too long lines of Cache-Control together',
      [`Cache-Control: ${padded(limit / 2)}`, `Cache-Control: ${padded(limit / 2)}`],
      'SEC-04'
    ],
    ['a million commas in Vary', ['Cache-Control: max-age=60', `Vary: ${','.repeat(1e6)}`], 'SEC-04'],
    ['Vary one character too long', ['Cache-Control: max-age=60', `Vary: ${'x'.repeat(limit + 1)}`], 'SEC-04'],
    ['a million quotes in Connection', ['Cache-Control: max-age=60', `Connection: ${'"'.repeat(1e6)}`], 'SEC-04'],
    ['65 names in Vary', ['Cache-Control: max-age=60', `Vary: ${names(65)}`], 'VARY-02']
  ])('SEC-04: with %s nothing is stored', async (_what, lines, requirement) => {
    const { get, origin } = await clientOf(makeStore(), lines)
    const first = await get()
    expect(first).toMatchObject({
      status: 200,
      text: 'body 0',
      decision: { stored: false, notStored: { requirement } }
    })
    const line = (lines.at(-1) as string).split(': ') as [string, string]
    expect([first.headers[line[0].toLowerCase()]].flat().at(-1)).toHaveLength(line[1].length)
    expect((await get()).text).toBe('body 1')
    expect(origin.requests).toHaveLength(2)
  })

  it.each<[string, string[]]>([
    ['Cache-Control as long as it may be', [`Cache-Control: ${padded(limit)}`]],
    ['Vary as long as it may be', ['Cache-Control: max-age=60', `Vary: ${'x'.repeat(limit)}`]],
    ['64 names in Vary', ['Cache-Control: max-age=60', `Vary: ${names(64)}`]],
    ['a million bytes in a field that decides nothing', ['Cache-Control: max-age=60', `X-Long: ${'x'.repeat(1e6)}`]]
  ])('SEC-04: with %s it is stored', async (_what, lines) => {
    const { get } = await clientOf(makeStore(), lines)
    await get()
    expect(await get()).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('SEC-04: a request with an over-long Cache-Control bypasses, and what is stored stays', async () => {
    const { get, origin } = await clientOf(makeStore(), ['Cache-Control: max-age=60'])
    await get()
    for (const value of [padded(limit + 1), `max-age=0${','.repeat(1e6)}`, `no-cache="${'a,'.repeat(5e5)}"`]) {
      const { text, decision } = await get({ 'cache-control': value })
      expect({ text, ...decision }).toMatchObject({
        text: expect.stringMatching(/^body [1-9]/),
        outcome: 'bypass',
        stored: false
      })
      expect(origin.requests.at(-1)).toContain(value)
    }
    expect((await get()).text).toBe('body 0')
    expect((await get({ 'cache-control': padded(limit) })).decision.outcome).toBe('hit')
  })

  it.each<[string, string]>([
    ['Cache-Control', padded(limit + 1)],
    ['Vary', names(65)],
    ['Vary', 'x'.repeat(limit + 1)]
  ])('SEC-04, UPD-08: a 304 with an over-long %s is the end of what it confirms', async (name, value) => {
    const store = makeStore()
    const { get, clock, origin } = await clientOf(
      store,
      ['Cache-Control: max-age=1', 'ETag: "a"'],
      ['HTTP/1.1 304 Not Modified', 'ETag: "a"', `${name}: ${value}`],
      ['Cache-Control: max-age=60']
    )
    await get()
    clock.advance(1)
    expect(await get()).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated' } })
    expect(await get()).toMatchObject({ status: 200, text: 'body 2', decision: { outcome: 'miss' } })
    expect(origin.requests[2]).not.toMatch(/if-none-match/i)
  })

  it('SEC-04, ROB-01: a 304 that lists half a million fields breaks nothing', async () => {
    const { get, clock } = await clientOf(
      makeStore(),
      ['Cache-Control: max-age=1', 'ETag: "a"'],
      ['HTTP/1.1 304 Not Modified', 'ETag: "a"', `Cache-Control: no-cache="${'a,'.repeat(5e5)}"`]
    )
    await get()
    clock.advance(1)
    expect(await get()).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated' } })
  })
})
