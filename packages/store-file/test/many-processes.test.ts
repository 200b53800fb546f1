import { describe, expect, it } from '@jest/globals'
import { FileStore } from '../src/index.js'
import { Client } from './client.js'
import { filesIn, temporaryFolder } from './folder.js'
import { together } from './many-processes.js'

describe('processes that share a folder', () => {
  it(
    '4 do 500 things each with the same keys: reads are whole or absent (rows L6, L7)',
    () => together(4, 500),
    300_000
  )

  it('the same while there is room for a few only (rows L6, L7)', async () => {
    await together(3, 300, { maxBytes: 600_000, maxEntryBytes: 350_000 })
  }, 300_000)

  it('8 write one key while one reads: there is one whole response, no error, and nothing left over that is not swept (row L6)', async () => {
    const folder = temporaryFolder()
    const key = 'https://example.org/one'
    const clients = await Promise.all(Array.from({ length: 9 }, () => Client.open(folder)))
    const [reader, ...writers] = clients as [Client, ...Client[]]
    let writing = true
    const work = Promise.all(writers.map((writer) => writer.call('writeAll', Array(20).fill(key)))).then(() => {
      writing = false
    })
    while (writing) expect(['whole', 'absent']).toContain(await reader.call('read', key))
    await work
    expect(await reader.call('read', key)).toBe('whole')
    // Of two who replace the same at the same time one may leave its body behind, until it can be no reader's any more.
    await new FileStore(folder, { clock: () => Date.now() + 7_200_000 }).prune()
    // One response is metadata and a body, at most; all else is bookkeeping that does not grow with what was written.
    const files = filesIn(folder).map(({ name }) => name)
    expect({ files, count: files.length < 12 }).toEqual({ files, count: true })
  }, 300_000)

  it('threads and processes, each with two copies of the package: no name is given twice (row P5)', async () => {
    const folder = temporaryFolder()
    const clients = await Promise.all(Array.from({ length: 2 }, () => Client.open(folder)))
    const keys = Array.from({ length: 6 }, (_, n) => `https://example.org/shared/${n}`)
    const all = await Promise.all(
      clients.map((client) => client.call<Record<string, number>[]>('threads', folder, keys, 3, 150))
    )
    const allowed = ['read: whole', 'read: absent', 'write', 'write given up', 'update', 'delete', 'mark']
    expect(all.flat().flatMap((counts) => Object.keys(counts).filter((what) => !allowed.includes(what)))).toEqual([])
    expect(all.flat()).toHaveLength(6)
  }, 300_000)
})
