import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { temporaryFolder } from './folder.js'
import { Disk, tear } from './power-loss.js'
import { needStrace, Trace } from './strace.js'

const paths = Array.from({ length: 12 }, (_, n) => `/${[300, 30_000, 100_000, 600_000][n % 4]}/${n}`)

beforeAll(needStrace, 120_000)

describe('a loss of power', () => {
  it('tears files: each is a miss, and is stored anew (row D2)', async () => {
    const disk = Disk.make()
    const folder = join(disk?.folder ?? temporaryFolder(), 'cache')
    const origin = await FileOrigin.start()
    const writer = await Client.open(folder)
    for (const path of paths) await writer.ask(origin.url(path))
    for (const path of paths.slice(0, 4)) await writer.ask(origin.url(path), { method: 'POST' })
    for (const path of paths.slice(0, 2)) await writer.ask(origin.url(path))
    const left = disk?.snapshot() ?? folder
    if (disk === undefined) tear(folder)
    const reader = await Client.open(left)
    for (const path of paths) {
      const answer = await reader.ask(origin.url(path))
      // A long body may end in an error once, in the middle.
      if (answer.error === undefined) expect(origin.faultOf(path, answer)).toBeUndefined()
      else expect(path).toContain('600000')
      expect(origin.faultOf(path, await reader.ask(origin.url(path)))).toBeUndefined()
      expect(await reader.ask(origin.url(path))).toMatchObject({ outcome: 'hit' })
    }
  }, 120_000)

  it('with durable: what was stored before is there, and so is an invalidation (rows D2, D15)', async () => {
    const disk = Disk.make()
    const folder = join(disk?.folder ?? temporaryFolder(), 'cache')
    const origin = await FileOrigin.start()
    const storeOptions = { durable: true }
    const writer = await Client.open(folder, { storeOptions })
    for (const path of paths) await writer.ask(origin.url(path))
    const [invalidated = '', ...others] = paths
    await writer.ask(origin.url(invalidated), { method: 'POST' })
    // Where no disk can be taken away, at least the process can.
    await writer.kill()
    const reader = await Client.open(disk?.snapshot() ?? folder, { storeOptions })
    for (const path of others) {
      const answer = await reader.ask(origin.url(path))
      expect({ fault: origin.faultOf(path, answer), outcome: answer.outcome }).toEqual({ outcome: 'hit' })
    }
    expect(await reader.ask(origin.url(invalidated))).toMatchObject({ generation: 1 })
  }, 120_000)

  it('with durable: each folder that is made, and each file that gets its name, is on the disk in the end (row D15)', async () => {
    const home = temporaryFolder()
    const folder = join(home, 'some', 'cache')
    const writer = await Client.open(folder, { storeOptions: { durable: true } })
    const trace = await Trace.attach(writer.pid, { calls: 'mkdir,rename,fsync' })
    for (const length of [10, 100_000]) await writer.call('write', `https://example.org/${length}`)
    await writer.call('call', 'mark', 'https://example.org/10', { value: '0a', at: 1, dropAt: 2 })
    const lines = (await trace.stop()).filter((line) => line.includes(home) && !line.includes(' = -1 '))
    const isMade = /(?:mkdir\(|rename\(".*", )"([^"]+)"/
    const made = lines.flatMap((line, n) => {
      const [, path] = isMade.exec(line) ?? []
      return path === undefined ? [] : [{ n, path }]
    })
    expect(made.length).toBeGreaterThan(10)
    for (const { n, path } of made) {
      const synced = lines.slice(n + 1).some((line) => line.includes('fsync(') && line.includes(`<${dirname(path)}>`))
      expect({ path, synced }).toEqual({ path, synced: true })
    }
  }, 120_000)
})
