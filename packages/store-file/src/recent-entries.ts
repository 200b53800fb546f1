import type { EpochMilliseconds, Found, FoundResponse, Mark } from '@cc/core'
import { readKeyFile } from './key-file.js'
import { hashOf } from './layout.js'

/** Longer files are read anew each time: they are few, and would drive many others out. */
const maxFileBytes = 98_304
/** What is made of metadata takes several times as much as they do. */
const bytesPerMetadataByte = 4
const bytesPerEntry = 1_000

interface RecentEntry {
  readonly hash: string
  /** All of the file. The bodies that were found are parts of it: who writes into one makes it another one. */
  readonly file: Buffer
  readonly found: Found
  /** From then on one of the responses is of no more use, which the cache is to see. */
  readonly dropAt: EpochMilliseconds
  /** How much of the memory it takes, at most. */
  readonly bytes: number
}

/**
 * What was made of the files of the keys that were asked for last. Each look-up reads the file; where it holds the very
 * bytes that it held before, the same object is found, which neither the store nor the cache has to read and to check
 * again. Two generations of half the bytes each: what is asked for again moves to the newer one.
 */
export class RecentEntries {
  readonly #maxBytes: number
  #newer = new Map<string, RecentEntry>()
  #older = new Map<string, RecentEntry>()
  #newerBytes = 0

  /** @param maxBytes - how much all of them take together, at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes / 2
  }

  /** The name that all under a key is kept by. */
  hashOf(key: string): string {
    return this.#recent(key)?.hash ?? hashOf(key)
  }

  /** What lies under a key, of which `file` is all of the file, and `mark` the mark. */
  read(key: string, file: Buffer, mark: Mark | undefined, now: EpochMilliseconds): Found {
    const recent = this.#recent(key)
    if (recent !== undefined && now < recent.dropAt && isSame(recent, file, mark)) {
      this.#keep(key, recent)
      return recent.found
    }
    const kept = readKeyFile(file, key) ?? []
    let metadataBytes = file.byteLength
    let dropAt = Number.POSITIVE_INFINITY
    const responses: FoundResponse[] = []
    for (const { response, body } of kept) {
      metadataBytes -= body?.byteLength ?? 0
      dropAt = Math.min(dropAt, response.dropAt)
      responses.push(body === undefined ? { response } : { response, body })
    }
    const found = mark === undefined ? { responses } : { responses, mark }
    const bytes = file.byteLength + bytesPerMetadataByte * metadataBytes + 2 * key.length + bytesPerEntry
    if (kept.length === 0 || file.byteLength > maxFileBytes || now >= dropAt) this.#forget(key)
    else this.#keep(key, { hash: recent?.hash ?? hashOf(key), file, found, dropAt, bytes })
    return found
  }

  #recent(key: string): RecentEntry | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  #keep(key: string, entry: RecentEntry): void {
    const before = this.#newer.get(key)
    if (before === entry) return
    this.#newerBytes += entry.bytes - (before?.bytes ?? 0)
    if (this.#newerBytes > this.#maxBytes) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#newerBytes = entry.bytes
    }
    this.#older.delete(key)
    this.#newer.set(key, entry)
  }

  #forget(key: string): void {
    this.#newerBytes -= this.#newer.get(key)?.bytes ?? 0
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}

function isSame({ file, found }: RecentEntry, other: Buffer, mark: Mark | undefined): boolean {
  return isSameMark(found.mark, mark) && file.equals(other)
}

function isSameMark(one: Mark | undefined, other: Mark | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.value === other.value && one.at === other.at && one.dropAt === other.dropAt
}
