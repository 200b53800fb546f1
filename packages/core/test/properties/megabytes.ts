import { describe, expect, it } from '@jest/globals'
import { assess } from '../../src/rules/assessment.js'
import { parseCacheControl } from '../../src/rules/cache-control.js'
import { maxFieldValueLength, members } from '../../src/rules/fields.js'
import { parseHttpDate } from '../../src/rules/http-date.js'
import type { FieldLine } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideRequest } from '../../src/rules/request-decision.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { varyNames } from '../../src/rules/selecting-fields.js'
import { parseDictionary, parseStringList } from '../../src/rules/structured-fields.js'
import { parseTagList } from '../../src/rules/validators.js'
import { candidatesOf, mapOf, noon, requestWith, storedWith } from '../rule-inputs.js'
import { inRequests, inResponses, noFacts, options, storing } from './decided-fields.js'

/** Defines the tests of how long it takes to read a megabyte of each of these bytes. */
export function describeMegabytes(codes: readonly number[]): void {
  describe('a megabyte of any one byte', () => {
    // Short enough to lie in V8's own memory, as any field's value does: of a longer one, `toString` makes a string outside,
    // whose characters take many times as long to look at until the code that does so is compiled.
    const length = 1_000_000
    const megabytes = codes.map((code) => Buffer.alloc(length, code).toString('latin1'))
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

    /** 10 ms, or as long as it takes here and now to look at each of twelve megabytes, one character after the other. */
    function limitMs(): number {
      const [megabyte = ''] = megabytes
      let quotes = 0
      const lookingMs = leastMs(() => {
        for (let i = 0; i < megabyte.length; i++) if (megabyte.charCodeAt(i) === 0x22) quotes++
      }, 0.8)
      expect(quotes).toBe(0)
      return Math.max(10, 12 * lookingMs)
    }

    /** The bytes, in hex, with which it takes too long. */
    function slowBytes(run: (megabyte: string) => void, times = 1): string[] {
      const slow: string[] = []
      for (const [n, megabyte] of megabytes.entries()) {
        const ms = leastMs(() => run(megabyte), 10 * times)
        if (ms < 10 * times || ms < limitMs() * times) continue
        slow.push(`0x${codes[n]?.toString(16)}: ${ms.toFixed(1)} ms`)
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
}
