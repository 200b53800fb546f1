import { fstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Body, StoredResponse } from '@cc/core'
import { sampleResponse } from '@cc/core/testing'
import type { FileStore } from '../src/index.js'

export const NOW = Date.UTC(2026, 0, 1)
export const HOUR = 3_600_000

/** A response of no special kind. */
export function response(changes: Partial<StoredResponse> = {}): StoredResponse {
  return sampleResponse({
    key: 'a key',
    slot: '0',
    id: '00',
    fields: [['Date', 'Thu, 01 Jan 2026 00:00:00 GMT']],
    requestTime: NOW,
    responseTime: NOW,
    ...changes
  })
}

/** Stores a body of `length` bytes, or these pieces of one. */
export async function put(
  store: FileStore,
  key: string,
  length: number,
  changes: Partial<StoredResponse> = {},
  body: Body = new Uint8Array(length).fill(7)
): Promise<StoredResponse> {
  const stored = response({ key, bodyBytes: length, ...changes })
  await store.set(key, body, () => stored)
  return stored
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'cc-file-store-'))
}

/** Stores may still be at work in it: what they make meanwhile goes as well. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
}

/** The paths of all files below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
}

/** How many files below a folder this process has open. Folders are gone through in the background at any time. */
export function openFilesIn(folder: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`)
      return path.startsWith(`${folder}/`) && fstatSync(Number(descriptor)).isFile()
    } catch {
      // It was closed since.
      return false
    }
  }).length
}
