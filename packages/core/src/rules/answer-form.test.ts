import { describe, expect, it } from '@jest/globals'
import { httpDate, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { answerForm, bytesInForm, headInForm } from './answer-form.js'
import { assess } from './assessment.js'
import type { Fields, StoredResponse } from './messages.js'

const fields: Fields = [
  ['Date', httpDate()],
  ['Cache-Control', 'max-age=60'],
  ['ETag', '"a"'],
  ['Last-Modified', httpDate(-60)],
  ['Content-Length', '10'],
  ['Content-Type', 'text/plain'],
  ['Content-Digest', 'sha-256=:AAAA:'],
  ['Vary', 'Foo'],
  ['X-New', 'a'],
  ['X-New', 'b']
]

const stored = (changes: Partial<StoredResponse> = {}) =>
  assess(storedWith(fields, { bodyBytes: 10, ...changes }), rules())

function formOf(asked: Record<string, string>, changes: Partial<StoredResponse> = {}, method = 'GET') {
  return answerForm(requestWith(asked, method), stored(changes))
}

describe('answerForm (RFC 9110 §13.2.2)', () => {
  it('RNG-02: a range is cut', () => {
    expect(formOf({ range: 'bytes=2-4' })).toEqual({ action: 'part', extent: { first: 2, last: 4 } })
    expect(formOf({ range: 'bytes=0-' })).toEqual({ action: 'part', extent: { first: 0, last: 9 } })
  })

  it('RNG-03: of an empty body nothing is cut', () => {
    for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0']) {
      expect(formOf({ range }, { bodyBytes: 0 })).toEqual({ action: 'whole' })
    }
  })

  it('SEC-05: of what a store has found with another length than it was sent with nothing is cut', () => {
    for (const bodyBytes of [9, 11]) {
      for (const range of ['bytes=2-4', 'bytes=-1', 'bytes=20-']) {
        expect(formOf({ range }, { bodyBytes })).toEqual({ action: 'whole' })
      }
    }
  })

  it('RNG-04: no such bytes', () => {
    expect(formOf({ range: 'bytes=10-' })).toEqual({ action: 'unsatisfiable' })
  })

  it('RNG-05: what cannot be read, and any range of HEAD, is ignored', () => {
    expect(formOf({ range: 'bytes=5-2' })).toEqual({ action: 'whole' })
    expect(formOf({ range: 'bytes=2-4' }, {}, 'HEAD')).toEqual({ action: 'whole' })
    expect(formOf({ range: 'bytes=10-' }, {}, 'HEAD')).toEqual({ action: 'whole' })
  })

  it('RNG-06: the preconditions come first, then If-Range, then Range', () => {
    const range = 'bytes=2-4'
    expect(formOf({ range, 'if-none-match': '"a"', 'if-range': '"b"' })).toEqual({ action: 'not-modified' })
    expect(formOf({ range, 'if-none-match': '"b"', 'if-range': '"a"' })).toMatchObject({ action: 'part' })
    expect(formOf({ range, 'if-range': '"b"' })).toEqual({ action: 'whole' })
    expect(formOf({ range: 'bytes=10-', 'if-range': '"b"' })).toEqual({ action: 'whole' })
    expect(formOf({ 'if-range': '"b"' })).toEqual({ action: 'whole' })
  })

  it('RNG-07: an answer of another status is given as it is', () => {
    for (const status of [203, 301, 404, 410]) {
      expect(formOf({ range: 'bytes=2-4' }, { status })).toEqual({ action: 'whole' })
      expect(formOf({ range: 'bytes=10-' }, { status })).toEqual({ action: 'whole' })
    }
  })
})

describe('bytesInForm', () => {
  it('RNG-02: counts what the caller gets', () => {
    const bytes = (asked: Record<string, string>, method = 'GET') =>
      bytesInForm(formOf(asked, {}, method), method, stored())
    expect(bytes({})).toBe(10)
    expect(bytes({}, 'HEAD')).toBe(0)
    expect(bytes({ range: 'bytes=2-4' })).toBe(3)
    expect(bytes({ range: 'bytes=10-' })).toBe(0)
    expect(bytes({ 'if-none-match': '"a"' })).toBe(0)
  })
})

describe('headInForm', () => {
  const lower = (lines: Fields) => lines.map(([name, value]) => [name.toLowerCase(), value])

  it('RNG-02: a part has all stored fields but those about the whole body', () => {
    const head = headInForm({ action: 'part', extent: { first: 2, last: 4 } }, stored(), fields, rules())
    expect(head).toMatchObject({ status: 206, statusText: 'Partial Content' })
    expect(lower(head.fields)).toEqual([
      ...lower(fields.filter(([name]) => !['Content-Length', 'Content-Digest'].includes(name))),
      ['content-range', 'bytes 2-4/10'],
      ['content-length', '3']
    ])
  })

  it('RNG-04: a 416 tells the length, and has nothing by which it could be stored', () => {
    const head = headInForm({ action: 'unsatisfiable' }, stored(), fields, rules())
    expect(head).toMatchObject({ status: 416, statusText: 'Range Not Satisfiable' })
    expect(lower(head.fields)).toEqual([
      ['date', httpDate()],
      ['vary', 'Foo'],
      ['content-range', 'bytes */10'],
      ['content-length', '0']
    ])
  })

  it('VAL-08: a 304 has the fields of a 304, and a whole answer all of them', () => {
    const names = headInForm({ action: 'not-modified' }, stored(), fields, rules()).fields.map(([name]) => name)
    expect(names).toEqual(['Date', 'Cache-Control', 'ETag', 'Vary'])
    expect(headInForm({ action: 'whole' }, stored(), fields, rules())).toEqual({
      status: 200,
      statusText: 'OK',
      fields
    })
  })
})
