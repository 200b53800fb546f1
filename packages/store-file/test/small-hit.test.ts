import { beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { temporaryFolder } from './folder.js'
import { needStrace, Trace } from './strace.js'

beforeAll(needStrace, 120_000)

/** What changes something, or takes a lock. */
const changing = 'write,writev,pwrite64,rename,unlink,mkdir,rmdir,utimensat,fsync'
const key = 'https://example.org/'

describe('a hit of a short response', () => {
  it('opens one file, changes nothing, and has to do with no lock', async () => {
    const folder = temporaryFolder()
    const client = await Client.open(folder)
    await client.call('write', key, `01${'0'.repeat(30)}`)
    // The first time a process looks at the folders, too.
    await client.call('read', key)
    await client.call('settle')
    const trace = await Trace.attach(client.pid, { calls: `openat,statx,${changing}` })
    expect(await client.call('read', key)).toBe('whole')
    const lines = (await trace.stop()).filter((line) => line.includes(folder))
    const opened = lines.filter((line) => /openat\(.* = \d+/.test(line))
    expect(opened).toEqual([expect.stringMatching(/\/v1\/entries\/[0-9a-f]{3}\/[0-9a-f]{64}", O_RDONLY/)])
    const others = lines.filter(
      (line) => /\/locks|O_CREAT|O_WRONLY|O_RDWR/.test(line) || !/ (openat|statx)\(/.test(line)
    )
    expect(others).toEqual([])
  })
})
