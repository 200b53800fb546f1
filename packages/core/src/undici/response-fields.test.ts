import { describe, expect, it } from '@jest/globals'
import { responseFields, toRawHeaders } from './response-fields.js'

const raw = toRawHeaders([
  ['Set-Cookie', 'a=1'],
  ['X', '1'],
  ['set-cookie', 'b=2'],
  ['Set-Cookie', 'a=1']
])

describe('responseFields', () => {
  it('FLD-01: takes the raw lines, with their names and their order, where both tell the same', () => {
    expect(responseFields({ 'set-cookie': ['a=1', 'b=2', 'a=1'], x: '1' }, raw)).toEqual({
      lines: [
        ['Set-Cookie', 'a=1'],
        ['X', '1'],
        ['set-cookie', 'b=2'],
        ['Set-Cookie', 'a=1']
      ],
      isRawFaithful: true
    })
  })

  it.each([
    ['in another order', { 'set-cookie': ['b=2', 'a=1', 'a=1'], x: '1' }],
    ['one less', { 'set-cookie': ['a=1', 'b=2'], x: '1' }],
    ['one more', { 'set-cookie': ['a=1', 'b=2', 'a=1', 'c=3'], x: '1' }],
    ['as one', { 'set-cookie': 'a=1, b=2, a=1', x: '1' }],
    ['others', { 'set-cookie': ['a=1', 'b=2', 'b=2'], x: '1' }],
    ['without another field', { 'set-cookie': ['a=1', 'b=2', 'a=1'] }],
    ['with another value', { 'set-cookie': ['a=1', 'b=2', 'a=1'], x: '2' }]
  ])('GEN-03: takes the headers where an interceptor has changed them: repeated lines %s', (_what, headers) => {
    const { lines, isRawFaithful } = responseFields(headers, raw)
    expect(isRawFaithful).toBe(false)
    expect(lines.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual(
      [headers['set-cookie']].flat()
    )
  })
})
