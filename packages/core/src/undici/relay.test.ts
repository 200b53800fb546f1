import { describe, expect, it } from '@jest/globals'
import { BodyCopy } from '../body-copy.js'
import type { Body } from '../store.js'
import { NetworkResponse, RawHead } from './network-response.js'
import { LongRelay, type Sink } from './relay.js'

const first = Buffer.alloc(40_000, 'a')
const second = Buffer.alloc(40_000, 'b')

/** A relay of 80,000 bytes, all that happens to it, and what is put off. */
function relayed({ stores = true } = {}) {
  const happened: string[] = []
  const later: (() => void)[] = []
  const stored: Body[] = []
  const sink: Sink = {
    head: () => happened.push('head'),
    data: (chunk) => happened.push(`data ${chunk[0] === first[0] ? 'first' : 'second'}`),
    end: () => happened.push('end'),
    fail: () => happened.push('fail')
  }
  const decide = () => {
    happened.push('decide')
    const copy = new BodyCopy({
      maxBytes: 1_000_000,
      ownBytes: 0,
      shares: true,
      bufferBytes: 1_000_000,
      waitMs: 1_000,
      digests: false,
      hold: () => {},
      store: (body) => stored.push(body)
    })
    const ended = (isComplete: boolean, receivedBytes: number) => {
      happened.push(`ended ${isComplete} ${receivedBytes}`)
      if (isComplete) copy.end()
    }
    return { copy: stores ? copy : undefined, ended }
  }
  const network = { hold() {}, cancel() {} }
  const response = new NetworkResponse(new RawHead(200, '', []), { requestTime: 0, responseTime: 0 }, false, network)
  const relay = new LongRelay(sink, response, 80_000, decide, (work) => later.push(work))
  return { relay, happened, later, stored }
}

describe('MSG-03: an answer that is long passes on before it is decided whether it is stored', () => {
  it('decides when the caller has his first chunk and more comes', () => {
    const { relay, happened, later, stored } = relayed()
    relay.begin()
    relay.data(first)
    expect([happened, later]).toEqual([['head', 'data first'], []])
    relay.data(second)
    relay.end({}, null)
    expect(happened).toEqual(['head', 'data first', 'decide', 'data second', 'end'])
    for (const work of later) work()
    expect(happened.at(-1)).toBe('ended true 80000')
    expect(stored).toEqual([[first, second]])
  })

  it('holds no more than that chunk of what is not stored', () => {
    const { relay } = relayed({ stores: false })
    relay.begin()
    relay.data(first)
    expect(relay.kept).toEqual([first])
    relay.data(second)
    expect(relay.kept).toBeUndefined()
  })

  it('decides at the end about what came in one chunk', () => {
    const { relay, happened, later, stored } = relayed()
    const both = Buffer.concat([first, second])
    relay.begin()
    relay.data(both)
    relay.end({}, null)
    for (const work of later) work()
    expect(happened).toEqual(['head', 'data first', 'end', 'decide', 'ended true 80000'])
    expect(stored).toEqual([both])
  })

  it('stores of what broke off what came before', () => {
    const { relay, happened } = relayed()
    relay.begin()
    relay.data(first)
    relay.fail(new Error('broken off'))
    expect(happened).toEqual(['head', 'data first', 'decide', 'ended false 40000', 'fail'])
  })
})
