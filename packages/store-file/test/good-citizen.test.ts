import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { temporaryFolder } from './folder.js'

describe('a process with a FileStore', () => {
  it('has as many files open after hits, misses, aborts and failures as before (row P2)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder, { connections: 2 })
    const round = async () => {
      for (const path of ['/1000/a', '/600000/b', '/1000/c', '/600000/d']) {
        await client.ask(origin.url(path))
        await client.call('abandon', origin.url(path))
        await client.ask(`http://127.0.0.1:1${path}`)
      }
      await client.ask(origin.url('/600000/b'), { method: 'POST' })
      await client.call('call', 'prune')
      await client.call('settle')
    }
    for (let i = 0; i < 3; i++) await round()
    const before = await client.call<string[]>('openPaths')
    for (let i = 0; i < 20; i++) await round()
    // What is being closed, or gone through in the background, is open for a while yet.
    const tooMany = (open: string[]) =>
      open.length > before.length + 1 ? open : open.filter((path) => path.startsWith(folder))
    let left = tooMany(await client.call<string[]>('openPaths'))
    for (let i = 0; i < 5_000 && left.length > 0; i++) {
      await client.call('settle')
      left = tooMany(await client.call<string[]>('openPaths'))
    }
    expect(left).toEqual([])
  }, 300_000)

  it('ends by itself when it has its answers, with and without close() (row P3)', async () => {
    const origin = await FileOrigin.start()
    for (const isClosed of [false, true]) {
      const client = await Client.open(temporaryFolder())
      for (const path of ['/1000/a', '/600000/b', '/600000/b']) await client.ask(origin.url(path))
      await client.ask(origin.url('/600000/b'), { method: 'POST' })
      await client.call('lock', 'https://example.org/', 30_000, 0)
      if (isClosed) for (let i = 0; i < 2; i++) await client.call('call', 'close')
      client.disconnect()
      expect(await client.gone).toBe(0)
      expect(client.printed).toBe('')
    }
  }, 300_000)

  it('is what it was before, until a lock is taken: only then is the library for that loaded (row P4)', async () => {
    const client = await Client.open(temporaryFolder())
    const key = 'https://example.org/'
    const before = await client.call('changeable')
    await client.call('write', key)
    await client.call('read', key)
    await client.call('call', 'mark', key, { value: '00', at: 0, dropAt: 0 })
    await client.call('call', 'delete', key)
    await client.call('call', 'clear')
    await client.call('settle')
    expect(await client.call('changeable')).toEqual(before)
    await client.call('lock', key, 30_000, 0)
    expect(await client.call('changeable')).not.toEqual(before)
  })

  it('says nothing where a folder cannot be used but for one warning, and fails no request (rows D12, P1)', async () => {
    const origin = await FileOrigin.start()
    const client = await Client.open('/proc/self/nothing/here', {}, { nodeOptions: ['--unhandled-rejections=strict'] })
    for (let i = 0; i < 12; i++) {
      for (const path of ['/1000/a', '/600000/b']) {
        expect(origin.faultOf(path, await client.ask(origin.url(path)))).toBeUndefined()
      }
      await client.ask(origin.url('/1000/a'), { method: 'POST' })
    }
    expect(client.printed.match(/Warning/g)?.length ?? 0).toBeLessThanOrEqual(1)
  }, 300_000)
})
