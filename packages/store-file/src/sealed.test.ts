import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { response } from '../test/sample.js'
import { fitIntoFile } from './fitting.js'
import { besideBytes, type KeptResponse, keyOf, readKeyFile, writeKeyFile } from './key-file.js'
import { dropAtOf, readMarkFile, writeMarkFile } from './mark-file.js'
import { maxMetadataBytes, seal, unseal } from './sealed.js'

const kept: fc.Arbitrary<KeptResponse[]> = fc
  .uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[0-9a-f]{32}$/),
      slot: fc.stringMatching(/^[0-9a-z]{1,64}$/),
      value: fc.string({ unit: 'binary', maxLength: 50 }),
      bytes: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
      longBytes: fc.nat()
    }),
    { selector: ({ slot }) => slot, maxLength: 8 }
  )
  .map((ones) =>
    ones.map(({ id, slot, value, bytes, longBytes }) => ({
      response: response({ id, slot, fields: [['X', value]], bodyBytes: bytes?.byteLength ?? longBytes }),
      body: bytes
    }))
  )

function plain(kept: readonly KeptResponse[] | undefined) {
  return kept?.map(({ response, body }) => ({ response, body: body && Buffer.from(body).toString('hex') }))
}

describe('the file of a key', () => {
  it('is read as it was written, under its own key and no other', () => {
    const key = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(key, key, kept, (key, other, kept) => {
        const file = writeKeyFile(key, kept) as Buffer
        expect(plain(readKeyFile(file, key))).toEqual(plain(kept))
        expect(keyOf(file)).toBe(key)
        if (other !== key) expect(readKeyFile(file, other)).toBeUndefined()
      })
    )
  })

  it('is nothing once a bit of its head or metadata is another one, or its length', () => {
    const file = writeKeyFile('a key', [{ response: response({ bodyBytes: 3 }), body: Buffer.from('abc') }]) as Buffer
    for (let at = 0; at < file.byteLength - 3; at++) {
      const damaged = Buffer.from(file)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      expect(readKeyFile(damaged, 'a key')).toBeUndefined()
      expect(readKeyFile(file.subarray(0, at), 'a key')).toBeUndefined()
    }
    for (let missing = 1; missing < 4; missing++)
      expect(readKeyFile(file.subarray(0, -missing), 'a key')).toBeUndefined()
    expect(readKeyFile(Buffer.concat([file, Buffer.from('x')]), 'a key')).toBeUndefined()
  })

  it('is nothing if what is in it is not what is written there, however well it is sealed', () => {
    const good = { beside: false, response: response() }
    const bad: unknown[] = [
      null,
      [],
      { key: 'a key' },
      { key: 'a key', responses: {} },
      { key: 1, responses: [] },
      ...[{ beside: 1 }, { response: null }, { response: {} }].map((change) => [{ ...good, ...change }]),
      ...[
        { id: '../../etc/passwd' },
        { id: 'A0' },
        { id: '' },
        { id: '0'.repeat(65) },
        { id: 7 },
        { slot: 7 },
        { bodyBytes: -1 },
        { bodyBytes: 1.5 },
        { bodyBytes: '7' },
        { bodyBytes: 2 ** 60 },
        { requestTime: null },
        { responseTime: '1' },
        { dropAt: undefined }
      ].map((change) => [{ ...good, response: { ...good.response, ...change } }]),
      [{ beside: true, response: response({ bodyBytes: 1 }) }]
    ].map((one) => (Array.isArray(one) && one.length > 0 ? { key: 'a key', responses: one } : one))
    for (const metadata of bad) expect(readKeyFile(seal(metadata) as Buffer, 'a key')).toBeUndefined()
    expect(readKeyFile(seal({ key: 'a key', responses: [good] }) as Buffer, 'a key')).toHaveLength(1)
  })

  it('is read whatever it is, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.json(), (bytes, json) => {
        for (const file of [Buffer.from(bytes), Buffer.from(json), seal(JSON.parse(json)) as Buffer]) {
          expect(readKeyFile(file, 'a key')).toBeUndefined()
          expect(readMarkFile(file, 'a key', 5).value).toMatch(/^[0-9a-f]{32}$/)
        }
      })
    )
  })

  it('has no more metadata than can be read in an instant', () => {
    expect(seal('x'.repeat(maxMetadataBytes - 3))).toBeDefined()
    expect(seal('x'.repeat(maxMetadataBytes - 2))).toBeUndefined()
    const claimed = Buffer.from(`cc-store-file 1 ${'0'.repeat(64)} 99999999\n{}`)
    expect(unseal(claimed)).toBeUndefined()
  })
})

describe('what lies beside the metadata', () => {
  it('are the bodies of the newest responses that fit into 64 KiB, and no body is lost', () => {
    const given = fc.array(fc.tuple(fc.nat(5), fc.constantFrom(undefined, 0, 1, 20_000, 40_000, besideBytes)), {
      minLength: 1,
      maxLength: 8
    })
    fc.assert(
      fc.property(given, (given) => {
        const wanted = given.map(([responseTime, length], n) => ({
          response: response({ id: n.toString(16), slot: `${n}`, responseTime, bodyBytes: length ?? 70_000 }),
          body: length === undefined ? undefined : new Uint8Array(length).fill(n)
        }))
        const fitted = fitIntoFile('a key', wanted)
        if (fitted === undefined) throw new Error('nothing fitted')
        const { kept, leaving, file } = fitted
        expect(plain(readKeyFile(file, 'a key'))).toEqual(plain(kept))
        expect(kept.map(({ response }) => response.responseTime)).toEqual(
          given.map(([time]) => time).sort((a, b) => b - a)
        )
        let room = besideBytes
        for (const { response, body } of kept) {
          const before = wanted.find((one) => one.response === response)
          if (before?.body === undefined) {
            expect(body).toBeUndefined()
          } else if (before.body.byteLength <= room) {
            expect(body).toBe(before.body)
            room -= before.body.byteLength
          } else {
            expect(body).toBeUndefined()
            expect(leaving).toContainEqual({ id: response.id, body: before.body })
          }
        }
        expect(leaving.length).toBe(wanted.filter(({ body }) => body).length - kept.filter(({ body }) => body).length)
      })
    )
  })

  it('are fewer responses where metadata are long: the oldest go', () => {
    const long = (n: number) => ({
      response: response({ id: `${n}`, slot: `${n}`, responseTime: n, fields: [['X', 'x'.repeat(60_000)]] }),
      body: new Uint8Array(0)
    })
    const fitted = fitIntoFile('a key', [1, 5, 3, 4, 2].map(long))
    expect(fitted?.kept.map(({ response: { id } }) => id)).toEqual(['5', '4', '3'])
    const tooLong = { ...long(1), response: response({ statusText: 'x'.repeat(200_000) }) }
    expect(fitIntoFile('a key', [tooLong])).toBeUndefined()
  })
})

describe('the file of a mark', () => {
  const mark = { value: '0123456789abcdef', at: 5, dropAt: 7 }

  it('is read as it was written', () => {
    expect(readMarkFile(writeMarkFile('a key', mark), 'a key', 1)).toEqual(mark)
    expect(dropAtOf(writeMarkFile('a key', mark), 1)).toBe(7)
    const longKey = 'k'.repeat(1_000_000)
    expect(readMarkFile(writeMarkFile(longKey, mark), longKey, 1)).toEqual(mark)
  })

  it('is always the same other mark once it is damaged, so that what is stored then can be valid', () => {
    const file = writeMarkFile('a key', mark)
    for (let at = 0; at < file.byteLength; at++) {
      const damaged = Buffer.from(file)
      damaged[at] = (damaged[at] as number) ^ 1
      for (const bytes of [damaged, file.subarray(0, at)]) {
        const read = readMarkFile(bytes, 'a key', 100)
        expect(read.value).not.toBe(mark.value)
        expect(read).toEqual(readMarkFile(Buffer.from(bytes), 'a key', 100))
        expect(read.dropAt).toBeGreaterThan(86_400_000)
      }
    }
    expect(readMarkFile(writeMarkFile('another key', mark), 'a key', 100).value).not.toBe(mark.value)
  })
})
