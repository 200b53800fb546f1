import { describe, expect, it } from '@jest/globals'
import { noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import type { FieldLine, Request } from './messages.js'
import { requestControl } from './request-control.js'
import { decideAfterValidation, isNotModified, notModifiedFields, validationRequest } from './validation.js'

const date: FieldLine = ['Date', 'Mon, 05 Jan 2026 12:00:00 GMT']
const modified: FieldLine = ['Last-Modified', 'Sun, 04 Jan 2026 12:00:00 GMT']

function stored(fields: FieldLine[], changes: object = {}) {
  const all: FieldLine[] = [date, ['Cache-Control', 'max-age=1, stale-if-error=60'], ...fields]
  return assess(storedWith(all, changes), rules())
}

function after(given: Request, fields: FieldLine[], status: number, received: FieldLine[] = [], mayFallBack = true) {
  const selected = stored(fields)
  const sent = validationRequest(given, selected)
  const response = { status, statusText: '', fields: received }
  return decideAfterValidation(
    given,
    requestControl(given),
    sent,
    response,
    selected,
    [selected],
    mayFallBack,
    noon + 5000,
    rules()
  ).action
}

describe('validationRequest (RFC 9111 §4.3.1)', () => {
  it.each<[object, FieldLine[], object]>([
    [{}, [['ETag', '"a"'], modified], { 'if-none-match': '"a"', 'if-modified-since': modified[1] }],
    [{}, [['ETag', 'W/"a"']], { 'if-none-match': 'W/"a"', 'if-modified-since': undefined }],
    [{ 'if-modified-since': 'x' }, [['ETag', '"a"']], { 'if-none-match': '"a"', 'if-modified-since': undefined }],
    [{ 'if-none-match': '"x"' }, [['ETag', '"a"'], modified], { 'if-none-match': '"x", "a"' }],
    [{ 'if-none-match': '"x"' }, [modified], {}],
    [{ 'if-none-match': '"a", "b"' }, [['ETag', '"a"']], {}],
    [{ 'if-none-match': '*' }, [['ETag', '"a"']], {}],
    [{ 'if-none-match': 'x' }, [['ETag', '"a"']], {}],
    [{}, [], {}],
    [
      {},
      [
        ['ETag', 'a'],
        ['Last-Modified', '0']
      ],
      {}
    ],
    [
      {},
      [
        ['ETag', '"a"'],
        ['ETag', '"b"']
      ],
      {}
    ],
    [
      {},
      [
        ['ETag', '"a"'],
        ['ETag', '"a"']
      ],
      { 'if-none-match': '"a"', 'if-modified-since': undefined }
    ]
  ])('VAL-02, VAL-05, VAL-06: asked with %j, stored with %j, these are set: %j', (given, fields, expected) => {
    const sent = validationRequest(requestWith(given as Record<string, string>), stored(fields))
    expect(Object.fromEntries(sent.preconditions)).toEqual(expected)
    expect(sent.added).toBe(Object.keys(expected).length > 0)
  })

  it('VAL-02: a HEAD gets none', () => {
    expect(validationRequest(requestWith({}, 'HEAD'), stored([['ETag', '"a"']]))).toMatchObject({
      preconditions: [],
      added: false
    })
  })
})

describe('decideAfterValidation (Table B)', () => {
  it.each<[string, object, FieldLine[], number, FieldLine[], string]>([
    ['UPD-01: row B1, the same strong tag', {}, [['ETag', '"a"']], 304, [['ETag', '"a"']], 'freshen'],
    [
      'UPD-01: row B2, another strong tag beside the same date',
      {},
      [['ETag', '"a"'], modified],
      304,
      [['ETag', '"b"'], modified],
      'send-plain'
    ],
    ['UPD-02: row B1, the tag but for W/', {}, [['ETag', 'W/"a"']], 304, [['ETag', '"a"']], 'freshen'],
    [
      'UPD-02: row B2, where the caller sent one too',
      { 'if-none-match': '"x"' },
      [['ETag', 'W/"a"']],
      304,
      [['ETag', '"a"']],
      'send-plain'
    ],
    ['UPD-03: row B1, the same date', {}, [modified], 304, [modified], 'freshen'],
    ['UPD-04: row B1, no validator, to the own ones', {}, [['ETag', '"a"'], modified], 304, [], 'freshen'],
    [
      'UPD-04: row B2, no validator, to others too',
      { 'if-none-match': '"x"' },
      [['ETag', '"a"']],
      304,
      [],
      'send-plain'
    ],
    ['UPD-04: row B2, a tag that cannot be read', {}, [['ETag', '"a"']], 304, [['ETag', 'a']], 'send-plain'],
    ['VAL-10: row B2, unsolicited', {}, [], 304, [], 'relay'],
    [
      'VAL-10: row B2, about a tag of the caller',
      { 'if-none-match': '"x"' },
      [['ETag', '"a"']],
      304,
      [['ETag', 'W/"x"']],
      'relay'
    ],
    ['VAL-10: row B2, a 412 to the own preconditions', {}, [['ETag', '"a"']], 412, [], 'send-plain'],
    ['VAL-10: row B4, a 412 to those of the caller', { 'if-none-match': '"x"' }, [['ETag', '"a"']], 412, [], 'replace'],
    ['VAL-10: row B4, a 412 where there were none', {}, [], 412, [], 'replace'],
    ['STALE-06: row B3, a 502', {}, [], 502, [], 'serve-stale'],
    ['STALE-06: row B4, a 501', {}, [], 501, [], 'replace'],
    ['VAL-11: row B4, a 200', {}, [['ETag', '"a"']], 200, [['ETag', '"a"']], 'replace']
  ])('%s', (_title, given, fields, status, received, expected) => {
    expect(after(requestWith(given as Record<string, string>), fields, status, received)).toBe(expected)
  })

  it('STALE-05: row B4, an error where there is no fall-back', () => {
    expect(after(requestWith(), [['ETag', '"a"']], 503, [], false)).toBe('replace')
  })
})

describe('isNotModified, notModifiedFields (RFC 9110 §13.2, §15.4.5)', () => {
  it('VAL-07: only GET and HEAD of a 200 or 203 are judged', () => {
    const asked = { 'if-none-match': '*' }
    for (const method of ['GET', 'HEAD']) expect(isNotModified(requestWith(asked, method), stored([]))).toBe(true)
    expect(isNotModified(requestWith(asked, 'QUERY'), stored([]))).toBe(false)
    for (const status of [204, 301, 404, 410, 501]) {
      expect([status, isNotModified(requestWith(asked), stored([], { status }))]).toEqual([status, false])
    }
  })

  it('VAL-08: keeps order and repeated lines of what a 304 has', () => {
    const kept: FieldLine[] = [
      ['VARY', 'a'],
      ['etag', '"a"'],
      ['Vary', 'b']
    ]
    expect(notModifiedFields([['X', '1'], ...kept, modified, ['Set-Cookie', 'a=1']], rules())).toEqual(kept)
    expect(notModifiedFields([modified, ['Content-Type', 'x']], rules())).toEqual([modified])
  })
})
