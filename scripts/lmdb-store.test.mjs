import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sampleMark, sampleResponse, storeCases } from '@cc/core/testing'
import { describe, expect, it } from '@jest/globals'
import { LmdbStore } from '../examples/lmdb-store.mjs'
import { root, run } from './steps.mjs'

const folders = new Map()

function create(options, folder = mkdtempSync(join(tmpdir(), 'cc-lmdb-'))) {
  const store = new LmdbStore(folder, options)
  folders.set(store, folder)
  return store
}

async function destroy(store) {
  await store.close()
  rmSync(folders.get(store), { recursive: true, force: true })
}

describe('examples/lmdb-store.mjs keeps the promises of CacheStore', () => {
  const cannot = { lock: 'LMDB has none that one could wait for', clear: 'left out: the folder can be removed' }
  const reopen = (store) => create({}, folders.get(store))
  for (const { name, run } of storeCases(() => create(), { cannot, destroy, reopen })) it(name, run, 60_000)
})

describe('examples/lmdb-store.mjs', () => {
  const response = (n, bodyBytes) => sampleResponse({ key: `key ${n}`, id: `${n}`, bodyBytes })

  it('keeps within its bound, and lets the newest response stay', async () => {
    const store = create({ maxBytes: 10_000 })
    for (let n = 0; n < 50; n++) {
      await store.set(`key ${n}`, new Uint8Array(3_000), () => response(n, 3_000))
      const stored = []
      for await (const key of store.keys()) stored.push(key)
      expect(stored.length).toBe(Math.min(n + 1, 3))
      expect(stored).toContain(`key ${n}`)
    }
    await destroy(store)
  })

  it('has what another process stored, and knows what that invalidated', async () => {
    const store = create()
    const code = `
      import { LmdbStore } from ${JSON.stringify(pathToFileURL(join(root, 'examples/lmdb-store.mjs')).href)}
      const store = new LmdbStore(${JSON.stringify(folders.get(store))})
      await store.set('key 1', new Uint8Array(5).fill(7), () => (${JSON.stringify(response(1, 5))}))
      store.mark('key 1', ${JSON.stringify(sampleMark(1))})
      await store.close()`
    await run(process.execPath, ['--input-type=module', '-e', code])
    expect(store.get('key 1')).toEqual({
      responses: [{ response: response(1, 5), body: Buffer.alloc(5, 7) }],
      mark: sampleMark(1)
    })
    await destroy(store)
  })

  it('has less than 120 lines', () => {
    const lines = readFileSync(join(root, 'examples/lmdb-store.mjs'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThan(120)
  })
})
