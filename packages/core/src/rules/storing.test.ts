import { describe, expect, it } from '@jest/globals'
import { noon, requestWith, rules } from '../../test/rule-inputs.js'
import type { FieldLine, Request } from './messages.js'
import { decideKeeping, decideStoring, outdatesStored } from './storing.js'

const times = { requestTime: noon, responseTime: noon }
const get = requestWith()
const framing = { framed: true, redirected: false }
const response = (status: number, ...fields: FieldLine[]) => ({ status, statusText: '', fields })
const maxAge: FieldLine = ['Cache-Control', 'max-age=60']

const decide = (...[request, answer, how = framing]: [Request, ReturnType<typeof response>, typeof framing?]) =>
  decideStoring(request, answer, times, how, rules())

describe('decideStoring (RFC 9111 §3)', () => {
  it.each(['POST', 'OPTIONS', 'get', 'Get', '', 'PUT'])('METH-01: a response to %j is not stored', (method) => {
    const decision = decide(requestWith({}, method), response(200, maxAge))
    expect(decision).toMatchObject({ store: false, requirement: 'METH-01' })
  })

  it('STORE-02: of all statuses, those that are stored with explicit freshness are the known and permitted ones', () => {
    const never = [206, 304, 407, 421, 425, 428, 429, 431, 511]
    for (let status = 200; status <= 599; status++) {
      expect([status, decide(get, response(status, maxAge)).store]).toEqual([status, !never.includes(status)])
    }
  })

  it.each([0, 99, 600, 999, 1000, Number.NaN, 200.5])('STORE-11: status %d is not stored', (status) => {
    expect(decide(get, response(status, maxAge))).toMatchObject({ store: false, requirement: 'STORE-11' })
  })

  it('STORE-05: of all statuses, these alone are stored without any freshness information', () => {
    const stored: number[] = []
    for (let status = 200; status <= 599; status++)
      if (decide(get, response(status, ['ETag', '"a"'])).store) stored.push(status)
    expect(stored).toEqual([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 451, 501])
  })

  it('STORE-04: of all statuses, these alone are understood', () => {
    const stored: number[] = []
    const cacheControl: FieldLine = ['Cache-Control', 'max-age=60, no-store, must-understand']
    for (let status = 200; status <= 599; status++)
      if (decide(get, response(status, cacheControl)).store) stored.push(status)
    expect(stored).toEqual([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501])
  })

  it('STORE-04, PARSE-08: must-understand with an argument does not lift no-store', () => {
    const cacheControl: FieldLine = ['Cache-Control', 'max-age=60, no-store, must-understand=1']
    expect(decide(get, response(200, cacheControl))).toMatchObject({ requirement: 'STORE-03' })
  })

  it.each([
    ['SEC-01', response(200, maxAge, ['X', 'a\nb'])],
    ['SEC-01', response(200, maxAge, ['X\r', 'a'])],
    ['SEC-04', response(200, maxAge, ['Cache-Control', ','.repeat(16_384)])],
    ['SEC-04', response(200, maxAge, ['Vary', 'a,'.repeat(8_193)])],
    ['MSG-02', response(200, maxAge, ['Content-Length', 'x'])],
    ['FLD-02', response(200, maxAge, ['Connection', 'close, Cache-Control'])],
    ['VARY-02', response(200, maxAge, ['Vary', 'foo'], ['Vary', '*'])]
  ])('%s: what forbids storing is named', (requirement, answer) => {
    expect(decide(get, answer)).toMatchObject({ store: false, requirement })
  })

  it('SEC-04: No-Vary-Search counts where it has a meaning', () => {
    const answer = response(200, maxAge, ['No-Vary-Search', 'a,'.repeat(8_193)])
    const how = rules({ noVarySearch: true })
    expect(decideStoring(get, answer, times, framing, how)).toMatchObject({ store: false, requirement: 'SEC-04' })
    expect(decide(get, answer).store).toBe(true)
  })

  it('MSG-06: without framing a response is not stored, and the option that would is named', () => {
    const decision = decide(get, response(200, maxAge), { framed: false, redirected: false })
    expect(decision).toMatchObject({ requirement: 'MSG-06', option: 'storeCloseDelimited: true' })
  })

  it('VARY-10: the slot is the same for the same method and selecting fields, and another otherwise', () => {
    const slotFor = (method: string, foo: string) => {
      const decision = decide(requestWith({ foo }, method), response(200, maxAge, ['Vary', 'Foo']))
      return decision.store ? decision.head.slot : undefined
    }
    expect(slotFor('GET', '1')).toBe(slotFor('GET', ' 1'))
    expect(new Set([slotFor('GET', '1'), slotFor('GET', '2'), slotFor('HEAD', '1')]).size).toBe(3)
  })

  it('STORE-12: a response that is older than its lifetime when it comes is kept from then on', () => {
    const decision = decide(get, response(200, maxAge, ['Age', '600'], ['ETag', '"a"']))
    expect(decision).toMatchObject({ store: true, head: { dropAt: noon + 86_400_000 } })
  })

  it('STORE-12, PARSE-04: the longest windows there are stay finite', () => {
    const forever: FieldLine = ['Cache-Control', `max-age=${'9'.repeat(40)}, stale-if-error=${'9'.repeat(40)}`]
    const decision = decide(get, response(200, forever))
    expect(decision).toMatchObject({ store: true, head: { dropAt: noon + 2 * 2_147_483_648_000 } })
  })
})

describe('decideKeeping (RFC 9111 §4.3.4)', () => {
  it.each([
    ['SEC-01', ['X', 'a\nb']],
    ['SEC-04', ['Cache-Control', ','.repeat(16_384)]],
    ['STORE-03', ['Cache-Control', 'no-store']],
    ['STORE-01', ['Cache-Control', 'private']],
    ['VARY-02', ['Vary', '*']]
  ] as const)('UPD-08: after an update %s counts as it does for a new response', (requirement, line) => {
    const decision = decideKeeping(get, response(200, maxAge, line), times, { method: 'GET' }, rules())
    expect(decision).toMatchObject({ store: false, requirement })
  })

  it('UPD-09: a HEAD that updates a response to GET leaves it one to GET', () => {
    const decision = decideKeeping(requestWith({}, 'HEAD'), response(200, maxAge), times, { method: 'GET' }, rules())
    expect(decision).toMatchObject({ store: true, head: { method: 'GET', slot: 'get' } })
  })
})

describe('outdatesStored (STORE-10)', () => {
  const because = (requirement: string) => ({ store: false as const, requirement, reason: '' })

  it('STORE-10: of all statuses, these show what is stored to be outdated', () => {
    const outdating: number[] = []
    for (let status = 100; status <= 999; status++)
      if (outdatesStored('GET', status, because('STORE-03'))) outdating.push(status)
    const others = outdating.filter((status) => status >= 400)
    expect(others).toEqual([404, 410])
    expect(outdating).not.toContain(206)
    expect(outdating).not.toContain(304)
    expect(outdating).toHaveLength(200 - 2 + 2)
  })

  it('STORE-10: answers to other methods show nothing, nor does one refused for its Authorization', () => {
    expect(outdatesStored('QUERY', 200, because('STORE-03'))).toBe(true)
    for (const method of ['HEAD', 'POST', 'get']) expect(outdatesStored(method, 200, because('STORE-03'))).toBe(false)
    expect(outdatesStored('GET', 200, because('AUTH-01'))).toBe(false)
  })
})
