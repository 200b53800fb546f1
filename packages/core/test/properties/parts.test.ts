import type { CacheOptions } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { answering } from '../answers.js'
import { setUp, stores } from '../harness.js'
import { Representation } from '../ranged-origin.js'

/** Every byte of version `v` is its letter: a mixture shows. */
const letterOf = (version: number) => String.fromCharCode(97 + (version % 26))
const length = 24

type Step =
  | { readonly what: 'ask'; readonly range: string | undefined; readonly control: string | undefined }
  | { readonly what: 'change'; readonly length: number }
  | { readonly what: 'wait'; readonly seconds: number }
  | { readonly what: 'invalidate' }

const position = fc.integer({ min: 0, max: length + 2 })
const range = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(position, position).map(([a, b]) => `bytes=${Math.min(a, b)}-${Math.max(a, b)}`) },
  { weight: 2, arbitrary: position.map((first) => `bytes=${first}-`) },
  { weight: 1, arbitrary: position.map((last) => `bytes=-${last}`) },
  { weight: 1, arbitrary: fc.constantFrom('bytes=5-2', 'bytes=x', 'bytes=') },
  { weight: 4, arbitrary: fc.constant(undefined) }
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      what: fc.constant('ask' as const),
      range,
      control: fc.constantFrom(undefined, undefined, undefined, 'no-cache', 'max-age=0', 'max-stale', 'only-if-cached')
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('change' as const), length: fc.constantFrom(length, length, 20) })
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('wait' as const), seconds: fc.constantFrom(1, 30, 61) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'invalidate' as const }) }
)

const validators = fc.constantFrom('strong', 'weak', 'date', 'none')

describe.each(stores)('random ranges of a representation that changes, with %s', (_name, makeStore) => {
  it.each<CacheOptions['ranges']>(['store', 'serve'])(
    'RNG-10: `%s` never mixes versions, and cuts what slice cuts',
    async (ranges) => {
      const property = fc.asyncProperty(
        validators,
        fc.array(step, { minLength: 4, maxLength: 14 }),
        async (kind, steps) => {
          let version = 0
          const fieldsOf = (): Record<string, string> => ({
            'Cache-Control': 'max-age=60',
            ...(kind === 'strong' && { ETag: `"${version}"` }),
            ...(kind === 'weak' && { ETag: `W/"${version}"` }),
            ...(kind === 'date' && { 'Last-Modified': new Date(Date.UTC(2026, 0, 1) + version * 1000).toUTCString() })
          })
          const representation = new Representation(letterOf(0).repeat(length), fieldsOf())
          const client = await setUp(
            makeStore(),
            answering(representation.answer),
            ranges === undefined ? {} : { ranges }
          )
          for (const one of steps) {
            if (one.what === 'wait') client.clock.advance(one.seconds)
            else if (one.what === 'invalidate') await client.get('/', { method: 'POST' })
            else if (one.what === 'change') {
              version++
              representation.body = letterOf(version).repeat(one.length)
              representation.fields = fieldsOf()
            } else {
              const headers = {
                ...(one.range !== undefined && { range: one.range }),
                ...(one.control !== undefined && { 'cache-control': one.control })
              }
              check(one.range, await client.get('/', { headers }), representation)
            }
          }
          await client.origin.stop()
        }
      )
      await fc.assert(property, { numRuns: 60 })
    }
  )
})

function check(
  range: string | undefined,
  { status, text, headers }: { status: number; text: string; headers: Record<string, string | string[] | undefined> },
  { body }: Representation
): void {
  expect([200, 206, 416, 504]).toContain(status)
  if (status === 504) return
  expect(new Set(text).size).toBeLessThanOrEqual(1)
  if (status === 416) return expect(text).toBe('')
  if (headers['content-length'] !== undefined) expect(text.length).toBe(Number(headers['content-length']))
  if (status === 200) return expect([20, length]).toContain(text.length)
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers['content-range'])) ?? []
  const whole = body.length === Number(total) ? body : 'x'.repeat(Number(total))
  expect(text.length).toBe(Number(last) - Number(first) + 1)
  // As an origin with that much would have cut it.
  const asked = new Representation(whole, {}).answer({ headers: { range } })
  expect(asked.fields?.['Content-Range']).toBe(headers['content-range'])
}
