import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, temporaryFolder, until } from './folder.js'

const large = 'https://example.org/large'
/** The content of an id that begins like this has 2,500,000 bytes. */
const idOf = (n: number) => `ffffffff${n.toString(16).padStart(24, '0')}`

interface Begun {
  readonly id: string
  readonly bytes: number
}

describe('a reader in the middle of a body', () => {
  const others: [string, (writer: Client) => Promise<unknown>][] = [
    ['replaced', (writer) => writer.call('write', large, idOf(2))],
    ['deleted', (writer) => writer.call('call', 'delete', large)],
    ['cleared', (writer) => writer.call('call', 'clear')],
    [
      'evicted',
      async (writer) => {
        for (let n = 0; n < 8; n++) await writer.call('write', `https://example.org/${n}`, idOf(10 + n))
        await writer.call('call', 'prune')
      }
    ],
    [
      'replaced, deleted and stored again',
      async (writer) => {
        await writer.call('write', large, idOf(3))
        await writer.call('call', 'delete', large)
        await writer.call('write', large, idOf(1))
      }
    ]
  ]
  it.each(others)(
    'gets the bytes that it began with, while it is %s by another process (row L7)',
    async (_, change) => {
      const folder = temporaryFolder()
      // Room for three of them.
      const storeOptions = { maxBytes: 8_000_000, maxEntryBytes: 3_000_000 }
      const reader = await Client.open(folder, { storeOptions })
      const writer = await Client.open(folder, { storeOptions })
      await reader.call('write', large, idOf(1))
      const wanted = await reader.call('digestOfContent', idOf(1))
      const begun = await reader.call<Begun>('beginReading', large)
      expect(begun.id).toBe(idOf(1))
      expect(begun.bytes).toBeLessThan(2_500_000)
      await change(writer)
      expect(await reader.call('readOn')).toEqual(wanted)
    },
    60_000
  )

  it('gets an error if it is cut short, and never a clean end (rows B10, L7)', async () => {
    const folder = temporaryFolder()
    const reader = await Client.open(folder)
    await reader.call('write', large, idOf(1))
    await reader.call('beginReading', large)
    await reader.call('truncateFiles', folder, 2_000_000)
    await expect(reader.call('readOn')).rejects.toThrow()
  }, 60_000)
})

describe('an invalidation beside a response that began before it', () => {
  it.each(['/1000/a', '/600000/a'])(
    'wins, whichever process made it: %s (rows L9, X12)',
    async (path) => {
      const origin = await FileOrigin.start()
      const folder = temporaryFolder()
      const [slow, other] = [await Client.open(folder), await Client.open(folder)]
      origin.hold(path)
      const answer = slow.ask(origin.url(path))
      await origin.holds(path)
      expect(await other.ask(origin.url(path), { method: 'POST' })).toMatchObject({ status: 204 })
      origin.letGo(path)
      expect(origin.faultOf(path, await answer)).toBeUndefined()
      for (const client of [slow, other]) {
        const next = await client.ask(origin.url(path))
        expect(origin.faultOf(path, next)).toBeUndefined()
        expect(next.generation).toBeGreaterThan(0)
      }
    },
    60_000
  )

  it('is seen by every process at once (row L9)', async () => {
    const origin = await FileOrigin.start()
    const folder = temporaryFolder()
    const clients = [await Client.open(folder), await Client.open(folder)]
    const [writer, reader] = clients as [Client, Client]
    for (let i = 0; i < 20; i++) {
      const { generation } = await writer.ask(origin.url('/1000/a'))
      expect((await reader.ask(origin.url('/1000/a'))).outcome).toBe('hit')
      await writer.ask(origin.url('/1000/a'), { method: 'POST' })
      expect((await reader.ask(origin.url('/1000/a'))).generation).toBeGreaterThan(generation)
    }
  }, 60_000)
})

describe('clear()', () => {
  it('twice at once, beside writers: what was stored before is gone, and storing goes on (row L8)', async () => {
    const folder = temporaryFolder()
    const writers = await Promise.all(Array.from({ length: 4 }, () => Client.open(folder)))
    const [clearing, other, ...busy] = writers as [Client, Client, ...Client[]]
    const keys = Array.from({ length: 8 }, (_, n) => `https://example.org/${n}`)
    const old = Array.from({ length: 8 }, (_, n) => `https://example.org/old/${n}`)
    for (let i = 0; i < 10; i++) {
      await clearing.call('writeAll', old)
      const work = busy.map((writer) => writer.call('writeAll', [...keys, ...keys]))
      await Promise.all([clearing.call('call', 'clear'), other.call('call', 'clear')])
      expect(await other.call('readAll', old)).toEqual(old.map(() => 'absent'))
      await Promise.all(work)
      const seen = await other.call<string[]>('readAll', keys)
      expect(seen.filter((what) => what !== 'whole' && what !== 'absent')).toEqual([])
    }
    await other.call('write', large)
    expect(await clearing.call('read', large)).toBe('whole')
  }, 120_000)

  it('keeps a response from appearing that was on its way (row L8)', async () => {
    const origin = await FileOrigin.start()
    const folder = temporaryFolder()
    const [slow, other] = [await Client.open(folder), await Client.open(folder)]
    // Half of it is more than core keeps in memory before it asks the store to take it in.
    const path = '/3000000/a'
    origin.hold(path)
    const answer = slow.ask(origin.url(path))
    // Something of it has been written.
    await until(() => filesIn(folder).some(({ stats }) => stats.size >= 100_000))
    await other.call('call', 'clear')
    origin.letGo(path)
    expect(origin.faultOf(path, await answer)).toBeUndefined()
    expect((await other.ask(origin.url(path))).outcome).toBe('miss')
  }, 60_000)

  it('killed in its middle leaves whole responses or none, and can be called again (row L8)', async () => {
    const folder = temporaryFolder()
    const keys = Array.from({ length: 40 }, (_, n) => `https://example.org/${n}`)
    const reader = await Client.open(folder)
    for (let i = 0; i < 8; i++) {
      await reader.call('writeAll', keys)
      const clearing = await Client.open(folder)
      const end = clearing.call('call', 'clear').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, i))
      await clearing.kill()
      await end
      const seen = await reader.call<string[]>('readAll', keys)
      expect(seen.filter((what) => what !== 'whole' && what !== 'absent')).toEqual([])
    }
    await reader.call('call', 'clear')
    expect(await reader.call('readAll', keys)).toEqual(keys.map(() => 'absent'))
  }, 120_000)
})
