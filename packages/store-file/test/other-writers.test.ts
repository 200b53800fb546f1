import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, temporaryFolder } from './folder.js'

describe('what others write into the folder of a cache', () => {
  it('another version of the format: is neither seen, changed nor removed (row X1)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    const others = ['v0', 'v2', 'v10'].flatMap((version) =>
      filesIn(folder).map(({ path, name }) => [join(folder, name.replace(/^v1/, version)), readFileSync(path)] as const)
    )
    for (const [path, bytes] of others) {
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
      writeFileSync(path, bytes)
    }
    await client.call('call', 'prune')
    await client.call('call', 'clear')
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'miss' })
    for (const [path, bytes] of others)
      expect({ path, same: readFileSync(path).equals(bytes) }).toEqual({ path, same: true })
  }, 60_000)

  it('a file that says it is of another version of its metadata: is a miss (row X1)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    for (const { path } of filesIn(folder)) {
      const text = readFileSync(path, 'latin1')
      writeFileSync(path, text.replace(/^cc-store-file 1 /, 'cc-store-file 2 '), 'latin1')
    }
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'miss', generation: 1 })
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'hit', generation: 1 })
  }, 60_000)

  it('with integrityKey, a response of somebody without the key is a miss, and is replaced (row X10)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const integrityKey = 'a key of thirty-two bytes or more'
    const without = await Client.open(folder)
    const other = await Client.open(folder, { cacheOptions: { integrityKey: `another ${integrityKey}` } })
    const client = await Client.open(folder, { cacheOptions: { integrityKey } })
    for (const path of ['/1000/a', '/600000/a']) {
      for (const stranger of [without, other]) {
        await stranger.ask(origin.url(path))
        const answer = await client.ask(origin.url(path))
        expect({ fault: origin.faultOf(path, answer), outcome: answer.outcome }).toEqual({ outcome: 'miss' })
        expect(await client.ask(origin.url(path))).toMatchObject({ outcome: 'hit' })
      }
    }
  }, 60_000)
})
