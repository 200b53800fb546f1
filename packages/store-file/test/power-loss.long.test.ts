import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { Disk } from './power-loss.js'

const paths = Array.from({ length: 12 }, (_, n) => `/${[300, 30_000, 100_000, 600_000][n % 4]}/${n}`)

describe('losses of power at all moments', () => {
  // A journal is written every five seconds: files are shortest just after it.
  it.each([0, 1_000, 6_000, 7_000, 12_000, 35_000])(
    'after %s ms of storing (row D2)',
    async (ms) => {
      const disk = Disk.make()
      if (disk === undefined) return
      const origin = await FileOrigin.start()
      const writer = await Client.open(join(disk.folder, 'cache'))
      const end = performance.now() + ms + randomInt(200)
      do {
        const path = paths[randomInt(paths.length)] ?? ''
        await writer.ask(origin.url(path), { method: randomInt(3) === 0 ? 'POST' : 'GET' })
      } while (performance.now() < end)
      const reader = await Client.open(disk.snapshot())
      for (const path of paths) {
        const answer = await reader.ask(origin.url(path))
        if (answer.error === undefined) expect(origin.faultOf(path, answer)).toBeUndefined()
        expect(origin.faultOf(path, await reader.ask(origin.url(path)))).toBeUndefined()
        expect(await reader.ask(origin.url(path))).toMatchObject({ outcome: 'hit' })
      }
    },
    300_000
  )
})
