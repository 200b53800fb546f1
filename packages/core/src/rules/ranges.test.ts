import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { httpDate, mapOf, noon, requestWith } from '../../test/rule-inputs.js'
import { askedRange, extentIn, holdsIfRange, isStrongDate } from './ranges.js'
import { validators } from './validators.js'

/** First and last position of what is asked for of a body of ten bytes, or why there are none. */
function asked(range: string, total = 10): readonly [number, number] | string {
  const read = askedRange(requestWith({ range }))
  if (typeof read === 'string') return read
  const extent = extentIn(read, total)
  return extent === undefined ? 'unsatisfiable' : [extent.first, extent.last]
}

/** Far beyond what a number can hold exactly. */
const huge = '9'.repeat(40)

describe('askedRange and extentIn (RFC 9110 §14.1.2)', () => {
  it.each<[range: string, positions: [number, number]]>([
    ['bytes=0-0', [0, 0]],
    ['bytes=2-4', [2, 4]],
    ['bytes=0-9', [0, 9]],
    ['bytes=9-9', [9, 9]],
    ['bytes=6-', [6, 9]],
    ['bytes=0-', [0, 9]],
    ['bytes=6-99', [6, 9]],
    [`bytes=6-${huge}`, [6, 9]],
    ['bytes=-4', [6, 9]],
    ['bytes=-10', [0, 9]],
    ['bytes=-11', [0, 9]],
    [`bytes=-${huge}`, [0, 9]],
    ['bytes=0002-0000000000000000000000004', [2, 4]],
    ['BYTES=2-4', [2, 4]],
    ['Bytes=2-4', [2, 4]],
    ['bytes= 2-4 ', [2, 4]],
    ['bytes=,2-4', [2, 4]],
    ['bytes=2-4 ,\t,', [2, 4]]
  ])('RNG-03: %s is %j of ten bytes', (range, positions) => {
    expect(asked(range)).toEqual(positions)
  })

  it.each([
    'bytes=10-',
    'bytes=10-10',
    'bytes=10-99',
    'bytes=-0',
    'bytes=-000',
    `bytes=${huge}-`,
    `bytes=${huge}-${huge}`
  ])('RNG-04: %s is unsatisfiable in ten bytes', (range) => {
    expect(asked(range)).toBe('unsatisfiable')
  })

  it.each([
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=--1',
    'bytes=5',
    'bytes=5-2',
    'bytes=010-9',
    `bytes=${huge}9-${huge}8`,
    `bytes=${huge}-1`,
    'bytes=+1-2',
    'bytes=1.0-2',
    'bytes=0x1-2',
    'bytes=1-2-3',
    'bytes=a-b',
    'bytes=1 - 2',
    'bytes=1-2;q=1',
    'bytes=\u0661-\u0662'
  ])('RNG-05: %s cannot be read and asks for nothing', (range) => {
    expect(asked(range)).toBe('whole')
  })

  it.each([
    'bytes=0-1,4-5',
    'bytes=0-1, bytes=4-5',
    'bytes=0-1,,x',
    'lines=0-1',
    'bytes',
    'bytes 0-1',
    'bytes =0-1',
    ''
  ])('RNG-05: %j is for the origin alone', (range) => {
    expect(asked(range)).toBe('foreign')
  })

  it('RNG-05: counts for GET only', () => {
    expect(askedRange(requestWith({ range: 'bytes=0-1,4-5' }, 'HEAD'))).toBe('whole')
    expect(askedRange(requestWith({}))).toBe('whole')
  })

  it('RNG-03: positions beyond any number are beyond the body', () => {
    const digits = '9'.repeat(400)
    expect(asked(`bytes=2-${digits}`)).toEqual([2, 9])
    expect(asked(`bytes=-${digits}`)).toEqual([0, 9])
    expect(asked(`bytes=${digits}-`)).toBe('unsatisfiable')
  })

  it('SEC-04: a million of anything is read at once', () => {
    for (const unit of [',', '0', '-', ' ', '0-1,', '\t,']) {
      const before = performance.now()
      askedRange(requestWith({ range: `bytes=${unit.repeat(1_000_000)}` }))
      expect(performance.now() - before).toBeLessThan(500)
    }
  })

  it('RNG-03: what is cut is what slice cuts, whatever the numbers', () => {
    const number = fc.oneof(fc.nat(40), fc.bigInt({ min: 0n, max: 10n ** 40n }))
    const total = fc.integer({ min: 1, max: 30 })
    fc.assert(
      fc.property(number, fc.option(number), total, (first, last, total) => {
        const isRead = last === null || BigInt(last) >= BigInt(first)
        const expected = !isRead
          ? 'whole'
          : BigInt(first) >= BigInt(total)
            ? 'unsatisfiable'
            : [Number(first), last === null || BigInt(last) >= BigInt(total) ? total - 1 : Number(last)]
        expect(asked(`bytes=${first}-${last ?? ''}`, total)).toEqual(expected)
      })
    )
    fc.assert(
      fc.property(number, total, (suffix, total) => {
        const n = BigInt(suffix) > BigInt(total) ? total : Number(suffix)
        expect(asked(`bytes=-${suffix}`, total)).toEqual(n === 0 ? 'unsatisfiable' : [total - n, total - 1])
      })
    )
  })

  it('RNG-05: whatever is in the field, it is read and gives positions within the body', () => {
    const text = fc.string({ unit: fc.constantFrom(...'bytes=-,0129 \t"x'), maxLength: 30 })
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `bytes=${rest}`)
        ),
        fc.integer({ min: 1, max: 20 }),
        (range, total) => {
          const read = asked(range, total)
          if (typeof read === 'string') return
          const [first, last] = read
          expect(first).toBeGreaterThanOrEqual(0)
          expect(last).toBeGreaterThanOrEqual(first)
          expect(last).toBeLessThan(total)
        }
      )
    )
  })
})

describe('holdsIfRange (RFC 9110 §13.1.5)', () => {
  const modified = httpDate(-60)
  const holds = (ifRange: string, etag: string, lastModified = modified, date = noon) => {
    const fields = mapOf(['ETag', etag], ['Last-Modified', lastModified])
    return holdsIfRange(requestWith({ 'if-range': ifRange }), { validators: validators(fields, noon), date })
  }

  it('RNG-06: a strong entity tag has to be the stored one', () => {
    expect(holds('"a"', '"a"')).toBe(true)
    expect(holds('"b"', '"a"')).toBe(false)
    expect(holds('"a"', 'W/"a"')).toBe(false)
    expect(holds('W/"a"', '"a"')).toBe(false)
    expect(holds('W/"a"', 'W/"a"')).toBe(false)
    expect(holds('a', 'a')).toBe(false)
    expect(holds('"a", "a"', '"a"')).toBe(false)
    expect(holds('*', '"a"')).toBe(false)
  })

  it('RNG-06: a date has to be Last-Modified, and that at least a second before Date', () => {
    expect(holds(modified, '"a"')).toBe(true)
    expect(holds(httpDate(-59), '"a"')).toBe(false)
    expect(holds(httpDate(-61), '"a"')).toBe(false)
    expect(holds('yesterday', '"a"', 'yesterday')).toBe(false)
    expect(holds(httpDate(-1), '"a"', httpDate(-1))).toBe(true)
    expect(holds(httpDate(0), '"a"', httpDate(0))).toBe(false)
    expect(holds(httpDate(5), '"a"', httpDate(5))).toBe(false)
  })

  it('RNG-06: without it the range counts', () => {
    const fields = mapOf(['ETag', 'W/"a"'])
    expect(holdsIfRange(requestWith({}), { validators: validators(fields, noon), date: noon })).toBe(true)
  })

  it('RNG-10: a date is strong only if a later second made the response', () => {
    const strong = (seconds: number) =>
      isStrongDate(validators(mapOf(['Last-Modified', httpDate(seconds)]), noon), noon)
    expect([strong(-2), strong(-1), strong(0), strong(1)]).toEqual([true, true, false, false])
    expect(isStrongDate(validators(mapOf(), noon), noon)).toBe(false)
  })
})
