import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { request } from 'undici'
import { type SetUp, setUp } from './harness.js'
import { HugeStore, hugeBytes } from './huge-store.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

async function holding(store: HugeStore, options: { verify?: 'length' } = {}): Promise<SetUp> {
  const client = await setUp(
    store,
    (_setUp, { headers }, response) => {
      // Without a length, so that nothing contradicts the store.
      response.setHeader('Cache-Control', 'max-age=60')
      response.write(headers.range === undefined ? 'whole' : 'from ')
      response.end(' of the origin')
    },
    options
  )
  await client.get('/')
  return client
}

async function bytesOf(client: SetUp, first: number, last: number) {
  const { statusCode, headers, body } = await request(`${client.origin.url}/`, {
    dispatcher: client.dispatcher,
    headers: { range: `bytes=${first}-${last}` }
  })
  return { statusCode, headers, bytes: Buffer.from(await body.arrayBuffer()) }
}

const middle = 512 * MIB

describe('a range of a stored body of 1 GiB', () => {
  it('RNG-02: 1 KiB reads 1 KiB from a store in memory', async () => {
    const store = new HugeStore(GIB, { isSync: true })
    const client = await holding(store)
    const { statusCode, headers, bytes } = await bytesOf(client, middle + 5, middle + 5 + KIB - 1)
    expect(statusCode).toBe(206)
    expect(headers['content-range']).toBe(`bytes ${middle + 5}-${middle + 5 + KIB - 1}/${GIB}`)
    expect(bytes.equals(hugeBytes(middle + 5, middle + 5 + KIB - 1))).toBe(true)
    expect(store.bytesRead).toBe(KIB)
  })

  it('RNG-02: 1 KiB reads 1 KiB where the length is all that is checked', async () => {
    const store = new HugeStore(GIB)
    const client = await holding(store, { verify: 'length' })
    const { bytes } = await bytesOf(client, middle + 5, middle + 5 + KIB - 1)
    expect(bytes.equals(hugeBytes(middle + 5, middle + 5 + KIB - 1))).toBe(true)
    expect(store.bytesRead).toBe(KIB)
  })

  it.each([
    ['within a piece', middle + 5, middle + 5 + KIB - 1, 1],
    ['the first byte', 0, 0, 1],
    ['the last byte', GIB - 1, GIB - 1, 1],
    ['a whole piece', middle, middle + MIB - 1, 1],
    ['across the border of two pieces', middle - 7, middle + 7, 2],
    ['of three pieces', middle - 1, middle + MIB, 3]
  ])(
    'RNG-02, SEC-05: where digests are checked, %s reads the pieces it lies in and no more',
    async (_where, first, last, pieces) => {
      const store = new HugeStore(GIB)
      const client = await holding(store)
      const { statusCode, bytes } = await bytesOf(client, first, last)
      expect(statusCode).toBe(206)
      expect(bytes.equals(hugeBytes(first, last))).toBe(true)
      expect(store.bytesRead).toBe(pieces * MIB)
    }
  )

  it('RNG-02: the last piece may be shorter than the others', async () => {
    const store = new HugeStore(3 * MIB, { isSync: true })
    const client = await holding(store)
    expect((await bytesOf(client, 2 * MIB, 9 * MIB)).bytes.equals(hugeBytes(2 * MIB, 3 * MIB - 1))).toBe(true)
    expect(store.asked).toEqual([{ first: 2 * MIB, last: 3 * MIB - 1 }])
  })

  it.each<[what: string, spoil: HugeStore['spoil']]>([
    ['is damaged', (chunk) => Buffer.from(chunk).fill(0)],
    [
      'is damaged in a byte that was not asked for',
      (chunk, at) => (at === middle ? Buffer.concat([chunk.subarray(1), chunk.subarray(0, 1)]) : chunk)
    ],
    ['is too short', (chunk) => chunk.subarray(1)],
    ['is too long', (chunk) => Buffer.concat([chunk, chunk])],
    ['is empty', (chunk) => chunk.subarray(0, 0)]
  ])('SEC-05: a piece that %s is a miss', async (_what, spoil) => {
    const store = new HugeStore(GIB)
    const client = await holding(store)
    store.spoil = spoil
    const { statusCode, bytes } = await bytesOf(client, middle + 70_000, middle + 70_009)
    expect(statusCode).toBe(200)
    expect(bytes.toString()).toBe('from  of the origin')
  })

  it('SEC-05: a later piece that is damaged ends the body in an error, never short', async () => {
    const store = new HugeStore(GIB)
    const client = await holding(store)
    store.spoil = (chunk, at) => (at >= middle + MIB ? Buffer.from(chunk).fill(0) : chunk)
    await expect(bytesOf(client, middle, middle + MIB)).rejects.toThrow('damaged')
    expect((await client.get('/', { headers: { range: 'bytes=0-0' } })).decision.outcome).toBe('miss')
  })

  it.each([KIB, 70 * KIB])('SEC-05: a store in memory that ignores ranges is a miss, for %i bytes', async (length) => {
    const store = new HugeStore(MIB, { isSync: true })
    const client = await holding(store)
    const { openBody } = store
    store.openBody = (key, id) => openBody.call(store, key, id)
    expect((await bytesOf(client, 5, 5 + length - 1)).statusCode).toBe(200)
  })
})
