import { describe, expect, it } from '@jest/globals'
import { requestWith, rules } from '../../test/rule-inputs.js'
import type { CacheOptions } from '../options.js'
import type { Request } from './messages.js'
import { requestControl } from './request-control.js'
import { decideRequest } from './request-decision.js'

const nothing = { hasContent: false, isUpgrade: false }

describe('decideRequest (Table A, rows 1 to 6)', () => {
  const decide = (given: Request, facts = nothing, options: CacheOptions = {}) =>
    decideRequest(given, requestControl(given), facts, true, rules(options))

  it.each<[string, Request, object, object]>([
    ['METH-02: row A1, CONNECT', requestWith({}, 'CONNECT'), nothing, { action: 'bypass', reason: 'bypass' }],
    [
      'METH-02: row A1, an upgrade',
      requestWith(),
      { hasContent: false, isUpgrade: true },
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'METH-02: row A1, Upgrade on HEAD',
      requestWith({ upgrade: 'x' }, 'HEAD'),
      nothing,
      { action: 'bypass', reason: 'bypass' }
    ],
    ['METH-03: row A2, a name in lower case', requestWith({}, 'get'), nothing, { action: 'forward-unsafe' }],
    ['METH-03: row A2, an unknown name', requestWith({}, 'FROB'), nothing, { action: 'forward-unsafe' }],
    ['METH-03: row A3, REPORT', requestWith({}, 'REPORT'), nothing, { action: 'bypass', reason: 'method' }],
    ['QRY-03: row A4, Range on QUERY', requestWith({ range: 'bytes=0-1' }, 'QUERY'), nothing, { action: 'bypass' }],
    [
      'QRY-02: content of a QUERY, which is part of its key',
      requestWith({}, 'QUERY'),
      { hasContent: true, isUpgrade: false },
      { action: 'look-up' }
    ],
    [
      'METH-06: row A4, content',
      requestWith(),
      { hasContent: true, isUpgrade: false },
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'REQ-05: row A4, no-store',
      requestWith({ 'cache-control': 'x, no-store' }),
      nothing,
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'SEC-04: row A4, directives too long',
      requestWith({ 'cache-control': ','.repeat(16_385) }),
      nothing,
      { action: 'bypass' }
    ],
    ['SEC-01: row A4, a line break', requestWith({ x: 'a\nb' }), nothing, { action: 'bypass', reason: 'bypass' }],
    [
      'VAL-12: row A6, If-Unmodified-Since',
      requestWith({ 'if-unmodified-since': 'x' }),
      nothing,
      { action: 'forward' }
    ],
    [
      'REQ-06: row A6 with only-if-cached',
      requestWith({ 'if-match': '*', 'cache-control': 'only-if-cached' }),
      nothing,
      { action: 'gateway-timeout' }
    ],
    [
      'REQ-06: row A3 with only-if-cached on OPTIONS',
      requestWith({ 'cache-control': 'only-if-cached' }, 'OPTIONS'),
      nothing,
      { action: 'bypass' }
    ],
    [
      'REQ-06: row A2 with only-if-cached',
      requestWith({ 'cache-control': 'only-if-cached' }, 'PUT'),
      nothing,
      { action: 'forward-unsafe' }
    ],
    ['VAL-05: other preconditions are looked up', requestWith({ 'if-none-match': 'x' }), nothing, { action: 'look-up' }]
  ])('%s', (_title, given, facts, expected) => {
    expect(decide(given, facts as typeof nothing)).toMatchObject(expected)
  })

  it('AUTH-02: row A4, bypassAuthorized concerns shared caches and requests with Authorization', () => {
    const given = requestWith({ authorization: 'x' })
    expect(decide(given, nothing, { bypassAuthorized: true })).toMatchObject({
      action: 'bypass',
      requirement: 'AUTH-02'
    })
    expect(decide(requestWith(), nothing, { bypassAuthorized: true }).action).toBe('look-up')
    expect(decide(given, nothing, { bypassAuthorized: true, type: 'private' }).action).toBe('look-up')
  })
})
