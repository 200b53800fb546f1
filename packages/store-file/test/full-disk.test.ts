import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, temporaryFolder } from './folder.js'
import { mounted } from './mounts.js'

const mib = 1024 ** 2

/** Asks, and asserts that it was answered rightly; whether from the cache. */
async function rightFrom(client: Client, origin: FileOrigin, path: string): Promise<boolean> {
  const answer = await client.ask(origin.url(path))
  expect(origin.faultOf(path, answer)).toBeUndefined()
  return answer.outcome === 'hit'
}

describe('a disk that is full', () => {
  it('before and in the middle of a body: answers are whole, nothing is left of it, and storing goes on once there is room (rows D9, D14)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const isMounted = mounted(['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', folder], folder)
    // Without a small disk, the limit for one file: writing is cut short there in the same way.
    const client = await Client.open(folder, {}, isMounted ? {} : { after: 'ulimit -f 512' })
    for (const path of ['/2000000/a', '/1040000/b', '/900000/c', '/2000000/a']) {
      await rightFrom(client, origin, path)
    }
    const used = () => filesIn(folder).reduce((sum, { stats }) => sum + stats.size, 0)
    if (isMounted) {
      for (let n = 0; n < 200; n++) await rightFrom(client, origin, `/20000/${n}`)
      expect(used()).toBeGreaterThan(0.5 * mib)
    }
    expect(used()).toBeLessThan(mib)
    // Every file that is there is one that counts: all that is stored can be taken away again.
    await client.open(folder)
    await client.call('call', 'clear')
    await client.call('call', 'prune')
    expect(filesIn(folder).filter(({ stats }) => stats.size > 4_096)).toEqual([])
    await rightFrom(client, origin, '/20000/again')
    expect(await rightFrom(client, origin, '/20000/again')).toBe(true)
  }, 120_000)

  it('not a byte is free: nothing is stored, and stored again when there is room (row D9)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    if (!mounted(['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', folder], folder)) {
      // A file of no bytes is the longest that may be.
      const client = await Client.open(folder, {}, { after: 'ulimit -f 0' })
      for (const path of ['/1000/a', '/600000/b']) expect(await rightFrom(client, origin, path)).toBe(false)
      return
    }
    const filler = join(folder, 'filler')
    writeFileSync(filler, '')
    try {
      for (let size = 4096; ; size += 4096) {
        truncateSync(filler, 0)
        writeFileSync(filler, Buffer.alloc(size))
      }
    } catch {
      // Full.
    }
    const client = await Client.open(folder)
    for (const path of ['/1000/a', '/600000/b']) {
      await rightFrom(client, origin, path)
      expect(await rightFrom(client, origin, path)).toBe(false)
    }
    expect(filesIn(folder).filter(({ name, stats }) => name !== 'filler' && stats.size > 512)).toEqual([])
    rmSync(filler)
    await client.open(folder)
    for (const path of ['/1000/a', '/600000/b']) {
      await rightFrom(client, origin, path)
      expect(await rightFrom(client, origin, path)).toBe(true)
    }
  }, 120_000)
})

describe('a process with few files to open', () => {
  it('answers 100 requests at once, and goes on afterwards (row D10)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder, { connections: 4 }, { after: 'ulimit -n 40' })
    const paths = Array.from({ length: 100 }, (_, n) => `/${n % 2 === 0 ? 1_000 : 600_000}/${n % 20}`)
    for (const round of ['stored', 'read']) {
      const urls = paths.map((path) => origin.url(path))
      const answers = await client.call<Parameters<FileOrigin['faultOf']>[1][]>('askAll', urls)
      const faults = answers.flatMap((answer, n) => origin.faultOf(paths[n] ?? '', answer) ?? [])
      expect({ round, faults }).toEqual({ round, faults: [] })
    }
    await client.open(folder)
    for (const path of ['/1000/0', '/600000/1']) {
      await rightFrom(client, origin, path)
      expect(await rightFrom(client, origin, path)).toBe(true)
    }
  }, 120_000)
})
