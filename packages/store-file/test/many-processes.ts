import { expect } from '@jest/globals'
import { Client } from './client.js'
import { temporaryFolder } from './folder.js'

const sum = (all: readonly Readonly<Record<string, number>>[]) => {
  const total: Record<string, number> = {}
  for (const counts of all) for (const [what, n] of Object.entries(counts)) total[what] = (total[what] ?? 0) + n
  return total
}

/** Processes do everything at random with shared keys; nothing but whole responses may be seen, and no error. */
export async function together(processes: number, operations: number, storeOptions: object = {}): Promise<void> {
  const folder = temporaryFolder()
  const nodeOptions = ['--unhandled-rejections=strict']
  const clients = await Promise.all(
    Array.from({ length: processes }, () => Client.open(folder, { storeOptions }, { nodeOptions }))
  )
  const keys = Array.from({ length: 16 }, (_, n) => `https://example.org/shared/${n}`)
  const counts = sum(
    await Promise.all(
      clients.map((client) => client.call<Readonly<Record<string, number>>>('mixture', keys, operations))
    )
  )
  const allowed = ['read: whole', 'read: absent', 'write', 'write given up', 'update', 'delete', 'mark']
  expect(Object.keys(counts).filter((what) => !allowed.includes(what))).toEqual([])
  expect(counts['read: whole']).toBeGreaterThan(0)
  expect(Object.values(counts).reduce((all, n) => all + n, 0)).toBe(processes * operations)
  for (const client of clients) expect(client.printed).toBe('')
}
