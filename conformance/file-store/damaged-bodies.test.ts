import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { channels } from '@cc/core'
import { FileStore } from '@cc/store-file'
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { setUp } from '../../packages/core/test/harness.js'

let folder: string
const told: string[] = []
const collect = (message: unknown) => {
  const { operation, error } = message as { operation: string; error: Error }
  told.push(`${operation}: ${error.name}`)
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-damaged-bodies-'))
  told.length = 0
  subscribe(channels.storeFailure, collect)
})
afterEach(() => {
  unsubscribe(channels.storeFailure, collect)
  rmSync(folder, { recursive: true, force: true })
})

/** Changes a byte at the end of the longest file, which a body lies at the end of. */
function damage(): void {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
  const [longest] = paths.sort((a, b) => readFileSync(b).byteLength - readFileSync(a).byteLength)
  const bytes = readFileSync(longest as string)
  const at = bytes.byteLength - 100
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(longest as string, bytes)
}

it.each([
  [1_000, 'the origin answers instead'],
  [100_000, 'the origin answers instead'],
  [3_000_000, 'it ends in an error, for its beginning has been served']
])(
  'a stored body of %i bytes that was damaged is told of, dropped, and stored anew: %s (row D3)',
  async (bytes, what) => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const text = 'some text '.repeat(bytes / 10)
    const client = await setUp(
      new FileStore(folder),
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(text),
      // Nothing is given up because it takes long.
      { storeTimeoutMs: 60_000 }
    )
    expect((await client.get('/')).decision).toMatchObject({ stored: true })
    damage()
    if (what.startsWith('the origin')) expect((await client.get('/')).text === text).toBe(true)
    else await expect(client.get('/')).rejects.toThrow()
    expect(told).toEqual(['read: BodyDamagedError'])
    for (let left = 3, outcome = ''; outcome !== 'hit'; left--) {
      expect(left).toBeGreaterThan(0)
      const answer = await client.get('/')
      expect(answer.text === text).toBe(true)
      outcome = answer.decision.outcome
    }
    expect(told).toHaveLength(1)
    emitWarning.mockRestore()
  }
)
