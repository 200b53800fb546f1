import { randomInt } from 'node:crypto'
import { utimesSync } from 'node:fs'
import { expect } from '@jest/globals'
import { Client } from './client.js'
import { filesIn, temporaryFolder } from './folder.js'

const keys = Array.from({ length: 12 }, (_, n) => `https://example.org/${n}`)

/** Kills writers at random moments, and asserts that nothing but whole responses are left. */
export async function killed(times: number): Promise<void> {
  const folder = temporaryFolder()
  const reader = await Client.open(folder)
  // The next one starts while one is at work, which takes most of the time.
  let next = Client.open(folder)
  let stored = keys.map(() => 'absent')
  for (let i = 0; i < times; i++) {
    const writer = await next
    if (i + 1 < times) next = Client.open(folder)
    const end = writer.call('writeForEver', keys).catch(() => 'killed')
    await new Promise((resolve) => setTimeout(resolve, randomInt(60)))
    await writer.kill()
    expect(await end).toBe('killed')
    const seen = await reader.call<string[]>('readAll', keys)
    // What was there once is replaced by the next one, and by nothing else.
    expect(seen).toEqual(seen.map((what, n) => (what === 'absent' ? stored[n] : 'whole')))
    stored = seen
  }
  await swept(folder, reader)
}

/** What writers left behind goes once it is old; what is stored stays. */
async function swept(folder: string, reader: Client): Promise<void> {
  await reader.open(folder)
  const before = await reader.call<string[]>('readAll', keys)
  expect(before).toContain('whole')
  const longAgo = new Date(Date.now() - 48 * 3_600_000)
  for (const { path } of filesIn(folder)) utimesSync(path, longAgo, longAgo)
  await reader.call('call', 'prune')
  expect(await reader.call('readAll', keys)).toEqual(before)
  for (const key of keys) await reader.call('call', 'delete', key)
  // Bodies of 70,000 bytes and more would be those that nobody refers to.
  expect(filesIn(folder).filter(({ stats }) => stats.size > 50_000)).toEqual([])
}
