import { describe, expect, it } from '@jest/globals'
import { noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import { decideJoining, isForOthers, isStillCurrent, mayFollow, mayLead } from './collapsing.js'
import { requestControl } from './request-control.js'

describe('collapsed requests (RFC 9111 §4)', () => {
  it.each([
    [{}, true, true],
    [{ accept: '*/*' }, true, true],
    [{ 'if-none-match': '"a"' }, false, true],
    [{ 'if-modified-since': 'Sun, 04 Jan 2026 12:00:00 GMT' }, false, true],
    [{ 'if-match': '"a"' }, false, false],
    [{ 'if-unmodified-since': 'Sun, 04 Jan 2026 12:00:00 GMT' }, false, false],
    [{ range: 'bytes=0-1' }, false, false],
    [{ 'if-range': '"a"' }, false, false],
    [{ 'cache-control': 'no-cache' }, true, false],
    [{ 'cache-control': 'max-age=0' }, true, false],
    [{ 'cache-control': 'max-age=1' }, true, true],
    [{ pragma: 'no-cache' }, true, false]
  ])('COLL-01: %j may be waited for: %s; may wait: %s', (fields, leads, follows) => {
    const request = requestWith(fields as Record<string, string>)
    expect([mayLead(request), mayFollow(request, requestControl(request))]).toEqual([leads, follows])
  })

  const answer = (fields: readonly (readonly [string, string])[], selecting: [string, string | null][] = []) =>
    assess(storedWith(fields, { selecting }), rules())
  const joins = (given: ReturnType<typeof answer>, fields: Record<string, string> = {}, now = noon) => {
    const request = requestWith(fields)
    return decideJoining(request, requestControl(request), given, now, true, rules())
  }
  const fresh = [['Cache-Control', 'max-age=60']] as const

  it('COLL-01: a request joins if it would be served without asking the origin', () => {
    expect(joins(answer(fresh))).toMatchObject({ action: 'join', age: 0 })
    expect(joins(answer(fresh), {}, noon + 60_000)).toEqual({ action: 'forward', isOfAnother: false })
    expect(joins(answer(fresh), { 'cache-control': 'min-fresh=61' })).toEqual({ action: 'forward', isOfAnother: false })
    expect(joins(answer([['Cache-Control', 'no-cache']]))).toEqual({ action: 'forward', isOfAnother: false })
  })

  it('COLL-01: one that selects another response does not, and it is told that this was why', () => {
    const varied = answer([...fresh, ['Vary', 'Foo']], [['foo', '1']])
    expect(joins(varied, { foo: '1' }).action).toBe('join')
    expect(joins(varied, { foo: '2' })).toEqual({ action: 'forward', isOfAnother: true })
    expect(joins(varied)).toEqual({ action: 'forward', isOfAnother: true })
  })

  it('COLL-01: whether it is for others does not depend on what the first one asked of caches', () => {
    const request = requestWith({ 'cache-control': 'no-cache' })
    expect(joins(answer(fresh), { 'cache-control': 'no-cache' }).action).toBe('forward')
    expect(isForOthers(request, answer(fresh), noon, true, rules())).toBe(true)
    expect(isForOthers(request, answer([['Cache-Control', 'max-age=0']]), noon, true, rules())).toBe(false)
  })

  it('COLL-01: nobody waits for what was asked before an invalidation, or an hour ago', () => {
    const key = { key: 'a k', target: 'a' }
    const none = new Map<string, string>()
    const some = new Map([['a', '1']])
    expect(isStillCurrent(key, none, none, noon, noon)).toBe(true)
    expect(isStillCurrent(key, some, new Map(some), noon, noon + 3_599_999)).toBe(true)
    expect(isStillCurrent(key, none, some, noon, noon)).toBe(false)
    expect(isStillCurrent(key, some, none, noon, noon)).toBe(false)
    expect(isStillCurrent(key, some, new Map([['a', '2']]), noon, noon)).toBe(false)
    expect(isStillCurrent(key, some, some, noon, noon + 3_600_000)).toBe(false)
    expect(isStillCurrent(key, some, some, noon, Number.NaN)).toBe(false)
  })
})
