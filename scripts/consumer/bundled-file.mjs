// In a bundle: the file store, with the library for locks that it loads when it first needs one.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@cc/store-file'

const folder = mkdtempSync(join(tmpdir(), 'cc-bundled-'))
const store = new FileStore(folder)

async function main() {
  const lease = await store.lock('key', { leaseMs: 60_000, waitMs: 0 })
  assert.ok(lease)
  await lease.release()
  await store.close()
}

main().finally(() => rmSync(folder, { recursive: true }))
