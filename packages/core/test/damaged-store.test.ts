import type { CacheOptions } from '@cc/core'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, Found } from '../src/store.js'
import { FaultyStore } from './faulty-store.js'
import { type SetUp, setUp } from './harness.js'
import { turns } from './no-stray-errors.js'
import { generations, Recorder } from './recorder.js'

const mebibyte = 1_048_576
const short = 'a short body'
const long = Buffer.alloc(2.5 * mebibyte, 'a long body ')

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

async function clientOf(store: FaultyStore, options: CacheOptions = {}): Promise<SetUp> {
  return await setUp(
    store,
    (_setUp, { path }, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(path === '/long' ? long : short)
    },
    { copyBufferBytes: 4 * mebibyte, ...options } as never
  )
}

/** A store in which `/short` and `/long` are kept, and what `get` finds of them is changed. */
async function changed(change: (found: Found) => unknown, options?: CacheOptions) {
  const store = new FaultyStore()
  const client = await clientOf(store, options)
  for (const path of ['/short', '/long']) await client.get(path)
  store.faults.get = async (sound) => change(structuredClone(await sound()) as Found)
  return { store, client }
}

/** Expects a miss while the damage lasts, and a hit once the response was stored anew. */
async function expectMissThenHealed(client: SetUp, store: FaultyStore, path: string): Promise<void> {
  const text = path === '/long' ? long.toString() : short
  expect(await client.get(path)).toMatchObject({ status: 200, text, decision: { outcome: 'miss', stored: true } })
  store.faults = {}
  expect(await client.get(path)).toMatchObject({ status: 200, text, decision: { outcome: 'hit' } })
}

const shapes: [what: string, change: (response: StoredResponse) => unknown][] = [
  ['no object', () => 5],
  ['nothing', () => null],
  ['an unknown version', (response) => ({ ...response, formatVersion: 2 })],
  ['another key', (response) => ({ ...response, key: `${response.key}x` })],
  ['no key', ({ key, ...response }) => response],
  ['a slot that is none', (response) => ({ ...response, slot: '../x' })],
  ['an id that is none', (response) => ({ ...response, id: 'id' })],
  ['another method', (response) => ({ ...response, method: 'POST' })],
  ['an interim status', (response) => ({ ...response, status: 103 })],
  ['a status that is none', (response) => ({ ...response, status: 99_999 })],
  ['a status as text', (response) => ({ ...response, status: '200' })],
  ['a status text with a line break', (response) => ({ ...response, statusText: 'OK\r\nX: 1' })],
  ['a status text with a control character', (response) => ({ ...response, statusText: 'O\u0007K' })],
  ['a status text that is none', (response) => ({ ...response, statusText: 200 })],
  ['fields that are no list', (response) => ({ ...response, fields: {} })],
  ['a field line that is none', (response) => ({ ...response, fields: [...response.fields, ['X']] })],
  ...['', 'X Y', 'X:', 'X\r\nY', 'X\u0000', '\u00e9', ':status'].map((name): (typeof shapes)[number] => [
    `a field name that is none: ${JSON.stringify(name)}`,
    (response) => ({ ...response, fields: [...response.fields, [name, '1']] })
  ]),
  ...['a\nb', 'a\r\nSet-Cookie: x=1', '\r', 'a\u0000', '\u0001', '\u001f', 'a\u007fb', '\u0100', '\ud800'].map(
    (value): (typeof shapes)[number] => [
      `a field value that is none: ${JSON.stringify(value)}`,
      (response) => ({ ...response, fields: [...response.fields, ['X', value]] })
    ]
  ),
  ['a field of the connection', (response) => ({ ...response, fields: [...response.fields, ['Connection', 'x']] })],
  [
    'another Content-Length',
    (response) => ({ ...response, fields: [...response.fields, ['Content-Length', `${response.bodyBytes + 1}`]] })
  ],
  ['the slot of another', (response) => ({ ...response, slot: 'head' })],
  ['selecting fields of another', (response) => ({ ...response, selecting: [['x', null]] })],
  ['a field value that is a number', (response) => ({ ...response, fields: [...response.fields, ['X', 5]] })],
  [
    'too many field lines',
    (response) => ({ ...response, fields: [...response.fields, ...Array(10_001).fill(['X', '1'])] })
  ],
  ['selecting fields that are none', (response) => ({ ...response, selecting: [['x']] })],
  ['a time that is no number', (response) => ({ ...response, responseTime: '0' })],
  ['a time that never was', (response) => ({ ...response, requestTime: null })],
  ['a length below 0', (response) => ({ ...response, bodyBytes: -1 })],
  ['another length', (response) => ({ ...response, bodyBytes: 1 })],
  ['no digests', ({ digests, ...response }) => response],
  ['a digest that is none', (response) => ({ ...response, digests: response.digests?.map(() => 'sha') })],
  ['other digests', (response) => ({ ...response, digests: response.digests?.map(() => '0'.repeat(64)) })],
  ['too few digests', (response) => ({ ...response, digests: [] })],
  ['marks that are none', (response) => ({ ...response, marks: null })],
  ['no mark of its target', (response) => ({ ...response, marks: { other: '' } })],
  ['marks that are numbers', (response) => ({ ...response, marks: { [response.key]: 5 } })],
  ['a flag that is none', (response) => ({ ...response, invalid: 'yes' })]
]

describe('SEC-05: what a store hands back (rows X3, X5)', () => {
  it.each(shapes)('with %s is a miss, and is healed by what is stored next', async (_what, change) => {
    for (const path of ['/short', '/long']) {
      const { store, client } = await changed(({ responses }) => ({
        responses: responses.map((found) => ({ ...found, response: change(found.response) }))
      }))
      await expectMissThenHealed(client, store, path)
    }
  })

  it.each([
    ['a text', 'text'],
    ['a list', [1, 2]],
    ['longer', Buffer.from(`${short}x`)],
    ['shorter', Buffer.from(short.slice(1))]
  ])('with a body that is %s is a miss, and healed', async (_what, body) => {
    for (const verify of ['digest', 'length'] as const) {
      const change = ({ responses }: Found) => ({ responses: responses.map((found) => ({ ...found, body })) })
      const { store, client } = await changed(change, { verify })
      await expectMissThenHealed(client, store, '/short')
    }
  })

  it('with names that objects have of themselves (row X4) is served as it is, and pollutes nothing', async () => {
    const store = new FaultyStore()
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
    const client = await setUp(store, (_setUp, _request, response) => {
      for (const name of names) response.setHeader(name, `${name} 1`)
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Vary', names.join(', ')).end('body')
    })
    await client.get('/')
    const { headers, text, decision } = await client.get('/')
    expect([text, decision.outcome]).toEqual(['body', 'hit'])
    for (const name of names) {
      const lines = Object.getOwnPropertyDescriptor(headers, name.toLowerCase())
      expect(lines?.value).toBe(`${name} 1`)
    }
    expect(Object.prototype).not.toHaveProperty('0')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('as a short body that was changed is a miss; with verify: length only its length counts', async () => {
    const flip = (found: Found) => ({
      ...found,
      responses: found.responses.map((found) => {
        const body = found.body && Uint8Array.from(found.body)
        if (body !== undefined) body[3] = (body[3] as number) ^ 1
        return { ...found, ...(body !== undefined && { body }) }
      })
    })
    const { store, client } = await changed(flip)
    await expectMissThenHealed(client, store, '/short')
    const other = await changed(flip, { verify: 'length' })
    const { text, decision } = await other.client.get('/short')
    expect([text.length, text === short, decision.outcome]).toEqual([short.length, false, 'hit'])
  })
})

/** Bodies as a damaged medium returns them, of which the first piece of a MiB is already wrong. */
const wrongFromTheStart: [what: string, body: () => Body][] = [
  ['changed', () => flipped(5)],
  ['too short', () => long.subarray(0, mebibyte - 1)],
  ['empty', () => new Uint8Array(0)],
  ['empty in pieces', () => []],
  ['too long', () => [Buffer.alloc(3 * mebibyte)]],
  ['of pieces that are none', () => ['text', 5, null] as never],
  ['that fails', () => failing(0)],
  [
    'that cannot be read',
    () =>
      ({
        [Symbol.asyncIterator]: () => {
          throw new Error('unreadable')
        }
      }) as never
  ],
  ['whose iterator is none', () => ({ [Symbol.asyncIterator]: () => ({}) }) as never]
]
/** Bodies that begin as they should. */
const wrongInTheMiddle: [what: string, body: () => Body][] = [
  ['changed', () => flipped(mebibyte + 5)],
  ['changed at the end', () => flipped(long.byteLength - 1)],
  ['too short', () => inPieces(long.subarray(0, mebibyte + 10))],
  ['short of one byte', () => inPieces(long.subarray(0, -1))],
  ['too long', () => inPieces(Buffer.concat([long, Buffer.from('x')]))],
  ['that fails', () => failing(1.5 * mebibyte)]
]

describe('SEC-05, ROB-02: a stored body that is read from elsewhere (row B10)', () => {
  it.each(wrongFromTheStart)('%s is a miss, and healed', async (_what, body) => {
    const store = new FaultyStore()
    const client = await clientOf(store)
    await client.get('/long')
    store.faults.openBody = async () => body()
    await expectMissThenHealed(client, store, '/long')
  })

  it('with verify: length too, if its first bytes are already too many', async () => {
    const store = new FaultyStore()
    const client = await clientOf(store, { verify: 'length' })
    await client.get('/long')
    store.faults.openBody = async () => [Buffer.alloc(3 * mebibyte)]
    await expectMissThenHealed(client, store, '/long')
  })

  describe.each(wrongInTheMiddle)('%s in the middle', (_what, body) => {
    it.each(generations)('is an error, never a clean end, and then a miss (%s handler)', async (generation) => {
      const store = new FaultyStore()
      const client = await clientOf(store)
      await client.get('/long')
      store.faults.openBody = async () => body()
      const recorder = new Recorder(generation)
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/long', method: 'GET' }, recorder.handler)
      await recorder.over
      await turns()
      expect(recorder).toMatchObject({ errors: [expect.anything()], misplaced: [] })
      expect(recorder.events).not.toContain('end')
      const given = Buffer.concat(recorder.chunks)
      expect(given.equals(long.subarray(0, given.byteLength))).toBe(true)
      await expectMissThenHealed(client, store, '/long')
    })
  })

  it.each([1, 7, 65_536, mebibyte, mebibyte + 1])('in pieces of %i bytes is whole', async (size) => {
    const store = new FaultyStore()
    const client = await clientOf(store)
    store.faults.openBody = async () => inPieces(long, size)
    if (size < 10) store.faults.openBody = async () => [...inPiecesAtOnce(long, size, 1000)]
    await client.get('/long')
    const { text, decision } = await client.get('/long')
    expect([text === long.toString(), decision.outcome]).toEqual([true, 'hit'])
  })
})

function flipped(at: number): Body {
  const bytes = Buffer.from(long)
  bytes[at] = (bytes[at] as number) ^ 1
  return inPieces(bytes)
}

async function* failing(at: number): AsyncGenerator<Uint8Array> {
  yield* inPieces(long.subarray(0, at))
  throw new Error('the medium is broken')
}

async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** The first `count` pieces of a size, then the rest. */
function* inPiecesAtOnce(bytes: Uint8Array, size: number, count: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield bytes.subarray(i * size, (i + 1) * size)
  yield bytes.subarray(size * count)
}
