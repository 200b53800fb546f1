import { describe, expect, it } from '@jest/globals'
import { requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import { isCoherent } from './coherence.js'
import type { FieldLine, StoredResponse } from './messages.js'
import { slotOf } from './storable-head.js'
import { decideStoring } from './storing.js'

const shared = rules()
const fields: FieldLine[] = [
  ['Cache-Control', 'max-age=60'],
  ['Content-Length', '4']
]

function coherent(changes: Partial<StoredResponse>): boolean {
  return isCoherent(assess({ ...storedWith(fields), bodyBytes: 4, ...changes }, shared), shared)
}

describe('isCoherent', () => {
  it('SEC-05: what is stored is, for any method, status and selecting fields', () => {
    const times = { requestTime: 0, responseTime: 0 }
    for (const method of ['GET', 'HEAD']) {
      for (const status of [200, 203, 204, 301, 404, 410, 451, 501, 599]) {
        for (const vary of ['', 'Accept', 'Cookie, X, Authorization']) {
          const response = {
            status,
            statusText: '',
            fields: [...fields, ['Vary', vary], ['Connection', 'close']] as FieldLine[]
          }
          const request = requestWith({ cookie: 'a=1', accept: 'x' }, method)
          const decision = decideStoring(request, response, times, { framed: true, redirected: false }, shared)
          if (!decision.store) throw new Error(decision.reason)
          expect(coherent({ ...decision.head, bodyBytes: method === 'HEAD' || status === 204 ? 0 : 4 })).toBe(true)
        }
      }
    }
  })

  it('SEC-05: a part is some of its whole, in the slot of its place, and does not say how long it is', () => {
    const partial = (first: number, total: number, bodyBytes: number, lines: FieldLine[] = []): boolean => {
      const part = { first, total }
      const slot = slotOf('GET', [], shared.digest, part)
      return coherent({ status: 206, part, slot, bodyBytes, fields: [['Cache-Control', 'max-age=60'], ...lines] })
    }
    expect(partial(0, 10, 4)).toBe(true)
    expect(partial(6, 10, 4)).toBe(true)
    expect(partial(7, 10, 4)).toBe(false)
    expect(partial(0, 4, 4)).toBe(false)
    expect(partial(0, 10, 0)).toBe(false)
    expect(partial(0, 10, 4, [['Content-Length', '4']])).toBe(false)
    expect(partial(0, 10, 4, [['Content-Range', 'bytes 0-3/10']])).toBe(false)
  })

  it.each<[string, Partial<StoredResponse>]>([
    ['another slot', { slot: 'head' }],
    ['the slot of other selecting fields', { slot: shared.digest('["GET",[["a","1"]]]'), selecting: [['a', '2']] }],
    ['the slot of another method', { slot: shared.digest('["HEAD",[["a","1"]]]'), selecting: [['a', '1']] }],
    ['selecting fields that its slot does not have', { selecting: [['a', null]] }],
    ['no selecting fields, which its slot has', { slot: shared.digest('["GET",[["a","1"]]]') }],
    ['a method with no body', { method: 'HEAD', slot: 'head' }],
    ['a status with no body', { status: 204 }],
    ['partial content', { status: 206 }],
    ['a 304', { status: 304 }],
    ...[407, 421, 425, 428, 429, 431, 511].map((status): [string, Partial<StoredResponse>] => [
      `a ${status}`,
      { status }
    ]),
    ['another length than it says', { bodyBytes: 5 }],
    ['a length that cannot be read', { fields: [['Content-Length', '4, 5']] }],
    ['a field of the connection', { fields: [...fields, ['Transfer-Encoding', 'chunked']] }],
    ['Connection itself', { fields: [...fields, ['CONNECTION', 'x']] }],
    ['a field of a proxy', { fields: [...fields, ['Proxy-Authenticate', 'Basic']] }]
  ])('SEC-05: with %s nothing is', (_what, changes) => {
    expect(coherent({})).toBe(true)
    expect(coherent(changes)).toBe(false)
  })

  it('SEC-05: a body without a length may have any', () => {
    for (const bodyBytes of [0, 4, 2 ** 40])
      expect(coherent({ fields: [['Cache-Control', 'max-age=60']], bodyBytes })).toBe(true)
  })
})
