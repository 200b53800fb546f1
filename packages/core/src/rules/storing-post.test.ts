import { describe, expect, it } from '@jest/globals'
import { noon, requestWith, rules } from '../../test/rule-inputs.js'
import { type Origin, parseOrigin, requestTarget } from './cache-key.js'
import type { FieldLine } from './messages.js'
import { requestControl } from './request-control.js'
import { decideStoringPost, mayAnswerGet } from './storing-post.js'

const origin = parseOrigin('http://a.example') as Origin
const times = { requestTime: noon, responseTime: noon }
const framing = { framed: true, redirected: false }
const maxAge: FieldLine = ['Cache-Control', 'max-age=60']

const decide = (path: string, ...fields: FieldLine[]) => {
  const answer = { status: 200, statusText: '', fields: [maxAge, ...fields] }
  return decideStoringPost(
    requestWith({}, 'POST'),
    requestTarget(origin, origin, path, ''),
    answer,
    times,
    framing,
    rules()
  )
}

describe('decideStoringPost (RFC 9110 §9.3.3)', () => {
  it.each([
    ['/a?b', '/a?b'],
    ['/a?b', '?b'],
    ['/a/b', 'b'],
    ['/a', 'http://a.example/a'],
    ['/a', 'http://A.example:80/a'],
    ['/a', '//a.example/a'],
    ['/a', '/b/../a'],
    ['/', 'http://a.example']
  ])('METH-05: the answer to a POST to %s with Content-Location: %s is stored as one to GET', (path, location) => {
    const decision = decide(path, ['Content-Location', location])
    expect(decision).toMatchObject({ store: true, head: { method: 'GET', slot: 'get' } })
  })

  it.each([
    ['/a', '/A'],
    ['/a', '/%61'],
    ['/a?', '/a'],
    ['/a', '/a?'],
    ['/a', '/a#b'],
    ['/a', 'https://a.example/a'],
    ['/a', 'http://b.example/a'],
    ['/a', 'http://a.example:8080/a'],
    ['/a', 'http://u@a.example/a'],
    ['/a', '\\a'],
    ['/a', '/\ta'],
    ['/a', 'http:///a'],
    ['/a', 'http://['],
    ['/a/../b', '/a/../b'],
    ['//a', '//a'],
    ['/a', '']
  ])('METH-05: to %s with Content-Location: %s it is not', (path, location) => {
    expect(decide(path, ['Content-Location', location])).toMatchObject({ store: false, requirement: 'METH-05' })
  })

  it('METH-05: the rules of storing hold, as for a GET', () => {
    expect(decide('/a', ['Content-Location', '/a'], ['Vary', '*'])).toMatchObject({ requirement: 'VARY-02' })
  })
})

describe('mayAnswerGet', () => {
  const may = (fields: Record<string, string>, method = 'POST', options = {}) => {
    const request = requestWith(fields, method)
    return mayAnswerGet(request, requestControl(request), rules(options))
  }

  it('METH-05: holds of POST alone', () => {
    expect(['POST', 'PUT', 'post', 'PATCH', 'GET'].map((method) => may({}, method))).toEqual([
      true,
      false,
      false,
      false,
      false
    ])
    expect(may({}, 'POST', { storePostAsGet: false })).toBe(false)
  })

  it('MODE-01, MODE-02: modes that store nothing store no answer to POST', () => {
    const request = requestWith({ 'if-none-match': '"a"' }, 'POST')
    const modes = ['default', 'no-store', 'only-if-cached', 'reload', 'no-cache', 'force-cache'] as const
    const stored = modes.filter((mode) => mayAnswerGet(request, requestControl(request, mode), rules()))
    expect(stored).toEqual(['reload', 'no-cache', 'force-cache'])
  })

  it.each([
    ['REQ-05', { 'cache-control': 'no-store' }],
    ['METH-06', { 'x-method-override': 'PUT' }],
    ['SEC-04', { 'cache-control': ','.repeat(16_385) }],
    ['SEC-01', { x: 'a\nb' }],
    ['SEC-01', { 'x y': 'a' }]
  ])('%s: not with %j', (_requirement, fields) => {
    expect(may(fields as Record<string, string>)).toBe(false)
  })
})
