import type { Found } from '@cc/core'
import { readIndex } from './index-reading.js'
import { Recent } from './recent.js'

/** Longer answers are read anew each time. All that a key has beside the index fits; many variants with long metadata do not. */
const MAX_ANSWER_BYTES = 131_072
/** Beside the bytes of an answer, what was made of this many of them at most is worth to be counted; the rest are bodies. */
const MAX_READ_BYTES = 16_384

interface Answer {
  readonly values: readonly Buffer[]
  readonly found: Found
}

/**
 * What was made of the latest answers of Redis. Where Redis answers with the very same bytes again, so does the store with
 * the very same object, which neither it nor the cache then has to read and check once more. To compare them takes a
 * hundredth of the time that their digest takes.
 */
export class RecentAnswers {
  readonly #recent: Recent<Answer>

  constructor(maxBytes: number) {
    this.#recent = new Recent(maxBytes)
  }

  /** What `values` say, which are the answer for `index`. */
  read(index: string, values: readonly Buffer[]): Found {
    const known = this.#recent.get(index)
    if (known !== undefined && areSame(known.values, values)) return known.found
    const bytes = bytesOf(values)
    if (values.length === 0 || bytes > MAX_ANSWER_BYTES) {
      this.#recent.delete(index)
      return readIndex(values)
    }
    // Copies: an answer is part of a larger piece of memory. If somebody writes into a body, it is no longer the same.
    const kept = values.map((value) => Buffer.from(value))
    const found = readIndex(kept)
    this.#recent.set(index, { values: kept, found }, bytes + 2 * Math.min(bytes, MAX_READ_BYTES))
    return found
  }
}

function areSame(known: readonly Buffer[], values: readonly Buffer[]): boolean {
  if (known.length !== values.length) return false
  for (let i = 0; i < values.length; i++) if (!(known[i] as Buffer).equals(values[i] as Buffer)) return false
  return true
}

function bytesOf(values: readonly Buffer[]): number {
  let bytes = 0
  for (const value of values) bytes += value.byteLength
  return bytes
}
