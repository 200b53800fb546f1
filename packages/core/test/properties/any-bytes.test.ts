import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/rules/assessment.js'
import { parseCacheControl } from '../../src/rules/cache-control.js'
import { maxFieldValueLength, members } from '../../src/rules/fields.js'
import { compareHead, freshen } from '../../src/rules/freshening.js'
import { parseHttpDate } from '../../src/rules/http-date.js'
import type { FieldLine, Request } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideRequest } from '../../src/rules/request-decision.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { varyNames } from '../../src/rules/selecting-fields.js'
import { decideStoring } from '../../src/rules/storing.js'
import { parseDictionary, parseStringList } from '../../src/rules/structured-fields.js'
import { decideAfterValidation, isNotModified, validationRequest } from '../../src/rules/validation.js'
import { parseTagList } from '../../src/rules/validators.js'
import { candidatesOf, httpDate, mapOf, noon, requestWith, rules, storedWith } from '../rule-inputs.js'

const options = [
  rules({ targetedFields: ['CDN-Cache-Control'] }),
  rules({ type: 'private', sharedSetCookie: 'rfc', storeCloseDelimited: true })
] as const
const times = { requestTime: noon, responseTime: noon }
const noFacts = { hasContent: false, isUpgrade: false }
const framing = { framed: false, redirected: false }

const inResponses = [
  'Cache-Control',
  'CDN-Cache-Control',
  'Cache-Groups',
  'Vary',
  'Age',
  'Date',
  'Expires',
  'ETag',
  'Last-Modified',
  'Connection',
  'Content-Length',
  'Pragma',
  'Set-Cookie',
  'Transfer-Encoding',
  'Location'
]
const inRequests = [
  'cache-control',
  'pragma',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'range',
  'authorization',
  'cookie',
  'accept-language',
  'foo'
]

/** A response that is stored unless `lines` forbid it. */
function storing(request: Request, lines: readonly FieldLine[], of: (typeof options)[number]) {
  const others: FieldLine[] = [
    ['Date', httpDate()],
    ['Cache-Control', 'max-age=60'],
    ['ETag', '"a"'],
    ['Content-Length', '4'],
    ['Vary', 'Foo, Accept-Language']
  ]
  const given = new Set(lines.map(([name]) => name.toLowerCase()))
  const fields = [...others.filter(([name]) => !given.has(name.toLowerCase())), ...lines]
  return decideStoring(request, { status: 200, statusText: 'OK', fields }, times, framing, of)
}

/** All that the rules do with a request for which something is stored, and with the answer to it. */
function goThrough(request: Request, lines: readonly FieldLine[], of: (typeof options)[number]): void {
  const control = requestControl(request)
  decideRequest(request, control, noFacts, true, of)
  const decision = storing(request, lines, of)
  const stored = storedWith(
    decision.store ? decision.head.fields : [['ETag', '"a"']],
    decision.store ? decision.head : {}
  )
  const assessed = assess(stored, of)
  const candidates = candidatesOf([assessed])
  for (const now of [noon, noon + 100_000]) decideReuse(request, control, candidates, now, true, of)
  isNotModified(request, assessed)
  const sent = validationRequest(request, assessed)
  const response = { status: 304, statusText: '', fields: lines }
  decideAfterValidation(request, control, sent, response, assessed, [assessed], true, noon, of)
  freshen(assessed, request, response, times, of)
  compareHead(assessed, response, times)
}

/** Values made of what means something in some field, and of any other bytes. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', ',', '=', '\\', ';', ' ', '\t', '*', 'W/', ':', '-', '\0', '\r\n', '\u00ff', '__proto__'),
      fc.constantFrom('max-age', 'no-cache', 'private', 'no-store', 'public', 's-maxage', '60', '99999999999999999999'),
      fc.constantFrom(
        'max-age=60',
        'foo',
        'etag',
        '"a"',
        'W/"a"',
        httpDate(),
        'Mon Jan  5 12:00:00 2026',
        'gzip;q=0.5'
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 5 })
    ),
    { maxLength: 12 }
  )
  .map((parts) => parts.join(''))

describe('any bytes in any field', () => {
  it('ROB-01: nothing throws', () => {
    const line = fc.tuple(fc.constantFrom(...inResponses), value)
    const request = fc.dictionary(fc.constantFrom(...inRequests), value)
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), request, fc.boolean(), (lines, fields, isShared) => {
        goThrough(requestWith(fields), lines, options[isShared ? 0 : 1])
      }),
      { numRuns: 5_000 }
    )
  })

  it('PARSE-08, ROB-01: what restricts, standing free, is read whatever surrounds it', () => {
    const restrictions = fc.constantFrom('no-store', 'no-cache', 'private', 'must-revalidate', 'proxy-revalidate')
    const properties = {
      'no-store': 'noStore',
      'no-cache': 'noCache',
      private: 'private',
      'must-revalidate': 'mustRevalidate',
      'proxy-revalidate': 'proxyRevalidate'
    } as const
    fc.assert(
      fc.property(value, restrictions, value, (before, name, after) => {
        fc.pre(!before.includes('\\') && before.split('"').length % 2 === 1)
        const directives = parseCacheControl(`${before}, ${name}, ${after}`)
        expect(directives[properties[name]]).toBe(true)
      }),
      { numRuns: 5_000 }
    )
  })
})

describe('a megabyte of any one byte', () => {
  const megabytes = Array.from({ length: 256 }, (_, code) => Buffer.alloc(1 << 20, code).toString('latin1'))
  const attempts = 25

  /** The least time that `run` took, in milliseconds, up to one below `enoughMs`, on a machine that may be busy. */
  function leastMs(run: () => void, enoughMs: number): number {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < attempts && least >= enoughMs; i++) {
      const startMs = performance.now()
      const cpu = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(cpu)
      least = Math.min(least, performance.now() - startMs, (user + system) / 1_000)
    }
    return least
  }

  /** 10 ms, or as long as it takes here and now to look at each of six megabytes, one character after the other. */
  function limitMs(): number {
    const [megabyte = ''] = megabytes
    let quotes = 0
    const lookingMs = leastMs(() => {
      for (let i = 0; i < megabyte.length; i++) if (megabyte.charCodeAt(i) === 0x22) quotes++
    }, 1.6)
    expect(quotes).toBe(0)
    return Math.max(10, 6 * lookingMs)
  }

  /** The bytes, in hex, with which it takes too long. */
  function slowBytes(run: (megabyte: string) => void, times = 1): string[] {
    const slow: string[] = []
    for (const [code, megabyte] of megabytes.entries()) {
      const ms = leastMs(() => run(megabyte), 10 * times)
      if (ms >= 10 * times && ms >= limitMs() * times) slow.push(`0x${code.toString(16)}: ${ms.toFixed(1)} ms`)
    }
    return slow
  }

  it.each<[string, (text: string) => unknown]>([
    ['parseCacheControl', parseCacheControl],
    ['parseCacheControl, in max-age', (text) => parseCacheControl(`max-age=${text}`)],
    ['parseHttpDate', (text) => parseHttpDate(text, noon)],
    ['parseTagList', parseTagList],
    ['members', members],
    ['parseDictionary', parseDictionary],
    ['parseStringList', parseStringList],
    ['varyNames', (text) => varyNames(mapOf(['Vary', text]))]
  ])('SEC-04: %s is done with it in 10 ms', (_name, parse) => {
    expect(slowBytes(parse)).toEqual([])
  })

  it.each<[string, string, string]>([
    ['quotes', 'no-cache="', '"'],
    ['quotes that never end', 'no-cache="', ''],
    ['what is no directive', 'a b', 'c d'],
    ['front of a directive', '', ', no-store']
  ])('SEC-04: Cache-Control with it in %s takes time in proportion to its length', (_where, before, after) => {
    expect(slowBytes((megabyte) => parseCacheControl(`${before}${megabyte}${after}`), 10)).toEqual([])
  })

  it('SEC-04: so it does with a hundred thousand directives, be they lists, numbers or nonsense', () => {
    for (const member of [
      'no-cache=a, ',
      'private="a,b", ',
      'max-age=1, ',
      'max-age=x, ',
      '"a" b, ',
      'x="\\"", ',
      'no-cache, '
    ]) {
      expect(leastMs(() => parseCacheControl(member.repeat(100_000)), 200)).toBeLessThan(33 * limitMs())
    }
  })

  it.each<[string, (text: string) => unknown]>([
    ['parseDictionary', parseDictionary],
    ['parseDictionary, in a value', (text) => parseDictionary(`a="${text}"`)],
    ['parseDictionary, in a list', (text) => parseDictionary(`a=(${text})`)],
    ['parseDictionary, after a decimal', (text) => parseDictionary(`a=1.0, ${text}`)],
    ['parseStringList', parseStringList],
    ['parseStringList, in a string', (text) => parseStringList(`"${text}"`)]
  ])('SEC-04: %s is done in 10 ms with the longest text it reads, of any one byte', (_name, parse) => {
    const longest = maxFieldValueLength - 'a=1.0, '.length
    expect(slowBytes((megabyte) => parse(megabyte.slice(0, longest)))).toEqual([])
  })

  it('SEC-04: so it is with what repeats', () => {
    const texts = [
      'a=1.0, ',
      '"", ',
      '"\\", ',
      'a=%"", ',
      'a=();b;c, ',
      ':AA==:, ',
      'a.b=c.d, ',
      '("a" "b"), ',
      '(',
      'a;b'
    ]
    for (const text of texts) {
      const longest = text.repeat(maxFieldValueLength / text.length)
      expect(leastMs(() => parseDictionary(longest), 10)).toBeLessThan(limitMs())
      expect(leastMs(() => parseStringList(longest), 10)).toBeLessThan(limitMs())
    }
  })

  it.each(inResponses)('SEC-04: whether to store a response with it in %s is decided in 10 ms', (name) => {
    const request = requestWith({ foo: '1' })
    expect(slowBytes((megabyte) => storing(request, [[name, megabyte]], options[0]))).toEqual([])
  })

  it.each(inRequests)('SEC-04: whether to serve a request with it in %s is decided in 10 ms', (name) => {
    const fields: FieldLine[] = [
      ['Cache-Control', 'max-age=60'],
      ['ETag', '"a"'],
      ['Content-Length', '4']
    ]
    const selecting = [
      ['foo', '1'],
      ['accept-language', null],
      ['cookie', null]
    ] as const
    const candidates = candidatesOf([assess(storedWith(fields, { selecting }), options[0])])
    const slow = slowBytes((megabyte) => {
      const request = requestWith({ foo: '1', [name]: megabyte })
      const control = requestControl(request)
      if (decideRequest(request, control, noFacts, true, options[0]).action !== 'look-up') return
      decideReuse(request, control, candidates, noon, true, options[0])
    })
    expect(slow).toEqual([])
  })
})
