import { lstatSync, mkdtempSync, readdirSync, rmSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach } from '@jest/globals'

const folders: string[] = []
const cleanUps: (() => void)[] = []

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
})

/** To be done when the test is over, before its folders are removed; the last one first. */
export function afterwards(cleanUp: () => void): void {
  cleanUps.push(cleanUp)
}

/** An empty folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-file-'))
  folders.push(folder)
  return folder
}

export interface Place {
  readonly path: string
  /** The path below the folder. */
  readonly name: string
  readonly stats: Stats
}

/** Everything in a folder, itself not; links are not followed. */
export function placesIn(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap((name) => {
      const path = join(folder, name)
      try {
        return [{ path, name: relative(folder, path), stats: lstatSync(path) }]
      } catch {
        // Gone since it was listed.
        return []
      }
    })
}

export function filesIn(folder: string): Place[] {
  return placesIn(folder).filter(({ stats }) => stats.isFile())
}

/** Waits for another process to have done something to a folder, which tells nobody. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    if (i > 20_000) throw new Error(`it did not come to ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
