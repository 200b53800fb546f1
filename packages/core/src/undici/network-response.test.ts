import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ObjectHead, RawHead } from './network-response.js'
import { toHeaders } from './response-fields.js'

const controller = { rawHeaders: null } as unknown as ConstructorParameters<typeof ObjectHead>[3]
const raw = (...texts: readonly string[]) =>
  new RawHead(
    200,
    '',
    texts.map((text) => Buffer.from(text, 'latin1'))
  )

/** What the length says by its definition: one plain number that a body can have. */
const announced = (value: string) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined)

describe('MSG-03: the length that a head announces', () => {
  it.each(['Content-Length', 'content-length', 'CONTENT-LENGTH', 'cOnTeNt-LeNgTh'])('is found as %s', (name) => {
    expect(raw('X-Content-Length', '1', name, '70000', 'Content-Lengths', '2').announcedBytes).toBe(70_000)
  })

  it('is in no name that only looks like it', () => {
    for (const name of ['content_length', 'content\rlength', 'bontent-length', 'content-lengti', 'content-lengt', '']) {
      expect(raw(name, '70000').announcedBytes).toBeUndefined()
    }
  })

  it('is a plain number, of raw fields as of those in an object', () => {
    const value = fc.oneof(
      fc.nat().map(String),
      fc.bigInt({ min: 0n, max: 10n ** 17n }).map(String),
      fc.stringMatching(/^[0-9/:+. \-x]{0,17}$/),
      fc.constantFrom('', '0', '007', '999999999999999', '1000000000000000', '1, 1', '1e3', '-1', '\u0131\u0132')
    )
    fc.assert(
      fc.property(value, (value) => {
        expect(raw('Content-Length', value).announcedBytes).toBe(
          announced(Buffer.from(value, 'latin1').toString('latin1'))
        )
        const head = new ObjectHead(200, '', toHeaders([['Content-Length', value]]), controller)
        expect(head.announcedBytes).toBe(announced(value))
      }),
      { numRuns: 1_000 }
    )
  })
})
