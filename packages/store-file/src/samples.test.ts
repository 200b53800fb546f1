import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'

const samples = join(__dirname, '../test/samples')
const key = 'https://example.org/'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

describe('what an earlier release has stored', () => {
  it.each(readdirSync(samples))('can be read: %s (row X1)', async (release) => {
    cpSync(join(samples, release), folder, { recursive: true })
    const store = new FileStore(folder, { trustFolder: true })
    const { responses, mark } = await store.get(key)
    expect(mark).toEqual({ value: 'a1', at: Date.UTC(2026, 0, 1), dropAt: Date.UTC(2100, 0, 1) })
    const found = Object.fromEntries(responses.map(({ response, body }) => [response.slot[0], { response, body }]))
    expect(Buffer.from(found[0]?.body ?? []).toString()).toBe('a short body\n')
    expect(found[0]?.response.fields).toContainEqual(['X-Latin-1', 'd\xe9j\xe0'])
    const long = await store.openBody(key, found[1]?.response.id ?? '')
    expect(Buffer.from(long as Uint8Array).toString()).toBe('a long body\n'.repeat(6000))
  })
})

describe('the newest sample', () => {
  it('is what is written now, byte for byte (row X1)', async () => {
    const newest = join(samples, readdirSync(samples).sort().at(-1) ?? '')
    cpSync(newest, folder, { recursive: true })
    const { responses, mark } = await new FileStore(folder, { trustFolder: true }).get(key)
    const written = newFolder()
    try {
      const store = new FileStore(written)
      const old = new FileStore(folder, { trustFolder: true })
      for (const { response, body } of [...responses].reverse()) {
        const bytes = body ?? (await old.openBody(key, response.id))
        if (bytes === undefined) throw new Error(`${response.id} has no body`)
        await store.set(key, bytes, () => response)
      }
      if (mark !== undefined) await store.mark(key, mark)
      await Promise.all([store.close(), old.close()])
      const contentOf = (below: string) =>
        filesIn(join(below, 'v1'))
          .filter((path) => !path.endsWith('usage'))
          .map((path) => [path.slice(below.length), readFileSync(path).toString('latin1')])
          .sort()
      expect(contentOf(written)).toEqual(contentOf(newest))
    } finally {
      removeFolder(written)
    }
  })
})

describe('what another version of the format has stored', () => {
  it('is neither seen, nor changed, nor removed (row X1)', async () => {
    const [release = ''] = readdirSync(samples)
    cpSync(join(samples, release, 'v1'), join(folder, 'v2'), { recursive: true })
    mkdirSync(join(folder, 'notes'))
    writeFileSync(join(folder, 'notes', 'a file of somebody else'), 'text')
    const others = filesIn(folder)
    const before = others.map((path) => readFileSync(path))
    const store = new FileStore(folder, { trustFolder: true })
    expect(await store.get(key)).toEqual({ responses: [] })
    await put(store, key, 10)
    await store.prune()
    await store.clear()
    await store.prune()
    expect(others.map((path) => readFileSync(path))).toEqual(before)
  })
})
