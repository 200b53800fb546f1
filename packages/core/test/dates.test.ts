import { describe, expect, it } from '@jest/globals'
import { answering } from './answers.js'
import { setUp, stores } from './harness.js'

describe.each(stores)('dates in fields, with %s (RFC 9110 §5.6.7)', (_name, makeStore) => {
  /** Whether a response that expires then is served again. */
  async function isReused(expires: string | string[], date?: string): Promise<boolean> {
    const fields = { Expires: expires, ...(date !== undefined && { Date: date }) }
    const client = await setUp(makeStore(), answering({ fields }))
    await client.get('/')
    return (await client.get('/')).decision.outcome === 'hit'
  }

  it.each([
    'Thu, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 gMT',
    'Thursday, 18-Aug-50 02:01:18 GMT',
    'Thu Aug 18 02:01:18 2050',
    'Mon, 18 Aug 2050 02:01:18 GMT'
  ])('DATE-01, DATE-02: %s lies ahead', async (expires) => {
    expect(await isReused(expires)).toBe(true)
  })

  it.each([
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Tue Feb 30 00:00:00 2050',
    'Thursday, 18-Aug-90 02:01:18 GMT',
    '0',
    '4000000000'
  ])('DATE-01, DATE-02, FRESH-03: %s does not', async (expires) => {
    expect(await isReused(expires)).toBe(false)
  })

  it('FLD-05, FRESH-03: of two Expires lines, both valid and ahead, none counts; two equal ones count as one', async () => {
    expect(await isReused(['Thu, 18 Aug 2050 02:01:18 GMT', 'Fri, 19 Aug 2050 02:01:18 GMT'])).toBe(false)
    expect(await isReused(['Thu, 18 Aug 2050 02:01:18 GMT', 'Thu, 18 Aug 2050 02:01:18 GMT'])).toBe(true)
  })

  it('DATE-03, FLD-06: an invalid Date is replaced by the receipt in IMF-fixdate, and Expires counts from then', async () => {
    const client = await setUp(
      makeStore(),
      answering({ fields: { Date: '2026-01-05', Expires: 'Mon, 05 Jan 2026 12:01:00 GMT' } })
    )
    const relayed = await client.get('/')
    expect(relayed.headers.date).toBe('2026-01-05')
    expect(relayed.decision.lifetime).toBe(60)
    expect((await client.get('/')).headers.date).toBe('Mon, 05 Jan 2026 12:00:00 GMT')
  })
})
