import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { transformFileSync } from '@swc/core'
import { formatHttpDate, parseHttpDate } from './http-date.js'

const now = Date.parse('2026-01-05T12:00:00Z')
const parse = (text: string) => parseHttpDate(text, now)

describe('the three forms (RFC 9110 §5.6.7)', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Sun Nov 06 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
    ['Thu, 18 Aug 2050 02:01:18 gMT', '2050-08-18T02:01:18Z'],
    ['THU, 18 AUG 2050 02:01:18 GMT', '2050-08-18T02:01:18Z'],
    ['thursday, 18-aug-50 02:01:18 gmt', '2050-08-18T02:01:18Z'],
    ['tHU aUG 18 02:01:18 2050', '2050-08-18T02:01:18Z'],
    ['Thu, 01 Jan 1970 00:00:00 GMT', '1970-01-01T00:00:00Z'],
    ['Wed, 31 Dec 1969 23:59:59 GMT', '1969-12-31T23:59:59Z'],
    ['Fri, 31 Dec 9999 23:59:59 GMT', '9999-12-31T23:59:59Z'],
    ['Tue, 29 Feb 2000 00:00:00 GMT', '2000-02-29T00:00:00Z']
  ])('DATE-01: %s is a date', (text, expected) => {
    expect(parse(text)).toBe(Date.parse(expected))
  })

  it('DATE-01: every month is known, in any case', () => {
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    for (const [i, month] of months.entries()) {
      const expected = Date.UTC(2026, i, 9, 1, 2, 3)
      for (const name of [month, month.toUpperCase(), month.toLowerCase()]) {
        expect(parse(`Mon, 09 ${name} 2026 01:02:03 GMT`)).toBe(expected)
        expect(parse(`Monday, 09-${name}-26 01:02:03 GMT`)).toBe(expected)
        expect(parse(`Mon ${name}  9 01:02:03 2026`)).toBe(expected)
      }
    }
  })

  it.each([
    '',
    ' ',
    '0',
    '-1',
    '2050-08-18T02:01:18Z',
    '1994-11-06 08:49:37',
    '784111777',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 +0000',
    'Thu, 18 Aug 2050 02:01:18 EST',
    'Thu, 18 Aug 2050 02:01:18',
    'Thu, 18 Aug 2050 02:01:18 GMT+1',
    'Thu, 18 Aug 2050 02:01:18 Z',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu, 18 Aug 02050 02:01:18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 18 Aug 2050 02:1:18 GMT',
    'Thu, 18 Aug 2050 02:01:8 GMT',
    'Thu, 8 Aug 2050 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu,18 Aug 2050 02:01:18 GMT',
    'Thu,  18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug  2050 02:01:18 GMT',
    'Thu, 18 Aug 2050  02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18  GMT',
    ' Thu, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 GMT ',
    'Thu, 18 Aug 2050 02:01:18 GMT\n',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18-Aug-50 02:01:18 GMT',
    'Thursday, 18 Aug 2050 02:01:18 GMT',
    'Thursday, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 August 2050 02:01:18 GMT',
    'Thu, 18 08 2050 02:01:18 GMT',
    'Xyz, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Xyz 2050 02:01:18 GMT',
    '18 Aug 2050 02:01:18 GMT',
    'Thu Aug 8 02:01:18 2050',
    'Thu Aug   8 02:01:18 2050',
    'Thu Aug 18 02:01:18 2050 GMT',
    'Thu, Aug 18 02:01:18 2050',
    'Thu Aug 18 02:01:18 50',
    'Thursday Aug 18 02:01:18 2050',
    'Thu Aug 18 2050 02:01:18',
    'Thu\t18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT',
    '"Thu, 18 Aug 2050 02:01:18 GMT"',
    'Thu, 18 Aug 2050 02:01:18 GMT;',
    'Thu, 18 Aug -2050 02:01:18 GMT',
    'Thu, ١٨ Aug 2050 02:01:18 GMT',
    'Thu, 18 Auguſt 2050 02:01:18 GMT',
    'Tuesday, 18-Aug-5O 02:01:18 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT'
  ])('DATE-01: %j is none', (text) => {
    expect(parse(text)).toBeUndefined()
  })
})

describe('years, days and seconds', () => {
  it.each([
    ['00', 2000],
    ['25', 2025],
    ['26', 2026],
    ['75', 2075],
    ['77', 1977],
    ['94', 1994],
    ['99', 1999]
  ])('DATE-02: in 2026 a year %s is %i', (digits, year) => {
    expect(parse(`Monday, 05-Jan-${digits} 12:00:00 GMT`)).toBe(Date.UTC(year, 0, 5, 12))
  })

  it('DATE-02: what century two digits belong to moves with the present', () => {
    const in2080 = Date.UTC(2080, 5, 1)
    expect(parseHttpDate('Monday, 05-Jan-10 12:00:00 GMT', in2080)).toBe(Date.UTC(2110, 0, 5, 12))
    expect(parseHttpDate('Monday, 05-Jan-79 12:00:00 GMT', in2080)).toBe(Date.UTC(2079, 0, 5, 12))
    expect(parseHttpDate('Monday, 05-Jan-40 12:00:00 GMT', in2080)).toBe(Date.UTC(2040, 0, 5, 12))
  })

  it('DATE-02: a weekday name has to be one, but not the right one', () => {
    expect(parse('Mon, 06 Nov 1994 08:49:37 GMT')).toBe(parse('Sun, 06 Nov 1994 08:49:37 GMT'))
    expect(parse('Friday, 06-Nov-94 08:49:37 GMT')).toBe(parse('Sun, 06 Nov 1994 08:49:37 GMT'))
    expect(parse('Sat Nov  6 08:49:37 1994')).toBe(parse('Sun, 06 Nov 1994 08:49:37 GMT'))
    expect(parse('Som, 06 Nov 1994 08:49:37 GMT')).toBeUndefined()
  })

  it.each([
    'Mon Feb 30 00:00:00 2040',
    'Mon, 30 Feb 2040 00:00:00 GMT',
    'Monday, 30-Feb-40 00:00:00 GMT',
    'Mon, 29 Feb 2026 00:00:00 GMT',
    'Mon, 29 Feb 1900 00:00:00 GMT',
    'Mon, 31 Apr 2026 00:00:00 GMT',
    'Mon, 00 Jan 2026 00:00:00 GMT',
    'Mon, 32 Jan 2026 00:00:00 GMT',
    'Mon Jan  0 00:00:00 2026',
    'Mon, 05 Jan 2026 24:00:00 GMT',
    'Mon, 05 Jan 2026 00:60:00 GMT',
    'Mon, 05 Jan 2026 00:00:61 GMT',
    'Mon, 05 Jan 2026 99:99:99 GMT'
  ])('DATE-02: %s is impossible', (text) => {
    expect(parse(text)).toBeUndefined()
  })

  it('DATE-02: a leap second reads as the second before it', () => {
    expect(parse('Sat, 31 Dec 2016 23:59:60 GMT')).toBe(Date.parse('2016-12-31T23:59:59Z'))
    expect(parse('Sat Dec 31 23:59:60 2016')).toBe(Date.parse('2016-12-31T23:59:59Z'))
    expect(parse('Saturday, 31-Dec-16 23:59:60 GMT')).toBe(Date.parse('2016-12-31T23:59:59Z'))
  })

  it('DATE-02: years below 100 are not of the last century in a form with four digits', () => {
    expect(new Date(parse('Mon, 05 Jan 0094 00:00:00 GMT') as number).getUTCFullYear()).toBe(94)
  })
})

describe('independence of the place', () => {
  const source = join(__dirname, 'http-date.ts')
  const { code } = transformFileSync(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } })
  const samples = [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    // The night in which New York and others set their clocks forward.
    'Sun, 08 Mar 2026 02:30:00 GMT',
    'Sun Mar  8 02:30:00 2026',
    'Sunday, 08-Mar-26 02:30:00 GMT'
  ]
  const program = `${code}
    const samples = ${JSON.stringify(samples)}
    console.log(JSON.stringify({
      offset: new Date(0).getTimezoneOffset(),
      parsed: samples.map((text) => parseHttpDate(text, ${now})),
      formatted: samples.map((text) => formatHttpDate(parseHttpDate(text, ${now})))
    }))`

  it.each([
    ['Asia/Tokyo', 'ja_JP.UTF-8', -540],
    ['America/New_York', 'tr_TR.UTF-8', 300],
    ['Pacific/Kiritimati', 'ar_EG.UTF-8', 640]
  ])('DATE-03: in %s every form is the same instant as here', (zone, locale, offset) => {
    const env = { ...process.env, TZ: zone, LANG: locale, LC_ALL: locale }
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { env, encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual({
      offset,
      parsed: [...Array(3).fill(Date.UTC(1994, 10, 6, 8, 49, 37)), ...Array(3).fill(Date.UTC(2026, 2, 8, 2, 30, 0))],
      formatted: [...Array(3).fill('Sun, 06 Nov 1994 08:49:37 GMT'), ...Array(3).fill('Sun, 08 Mar 2026 02:30:00 GMT')]
    })
  })

  it('DATE-03: what is written is IMF-fixdate in whole seconds, and reads as it was', () => {
    const written = formatHttpDate(now + 5_999)
    expect(written).toBe('Mon, 05 Jan 2026 12:00:05 GMT')
    expect(parse(written)).toBe(now + 5_000)
  })
})
