import type { Found } from '@cc/core'
import { readIndex } from './index-reading.js'

/** Longer answers are read anew each time: comparing is no longer cheap, nor is keeping them. */
const MAX_ANSWER_BYTES = 16_384

interface Answer {
  readonly values: readonly Buffer[]
  readonly found: Found
  readonly bytes: number
}

/**
 * What was made of the latest short answers of Redis. Where Redis answers with the very same bytes again, so does the store
 * with the very same object, which neither it nor the cache then has to read and check once more. Two generations of half
 * the bytes each: what is asked for again moves to the newer one.
 */
export class RecentAnswers {
  readonly #maxBytes: number
  #newer = new Map<string, Answer>()
  #older = new Map<string, Answer>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes / 2
  }

  /** What `values` say, which are the answer for `index`. */
  read(index: string, values: readonly Buffer[]): Found {
    const known = this.#newer.get(index) ?? this.#older.get(index)
    if (known !== undefined && areSame(known.values, values)) {
      if (!this.#newer.has(index)) this.#keep(index, known)
      return known.found
    }
    const bytes = bytesOf(values)
    if (values.length === 0 || bytes > MAX_ANSWER_BYTES) {
      this.#newer.delete(index)
      this.#older.delete(index)
      return readIndex(values)
    }
    // Copies: an answer is part of a larger piece of memory. If somebody writes into a body, it is no longer the same.
    const kept = values.map((value) => Buffer.from(value))
    const found = readIndex(kept)
    this.#keep(index, { values: kept, found, bytes: 3 * bytes })
    return found
  }

  #keep(index: string, answer: Answer): void {
    this.#newer.set(index, answer)
    this.#bytes += answer.bytes
    if (this.#bytes <= this.#maxBytes) return
    this.#older = this.#newer
    this.#newer = new Map()
    this.#bytes = 0
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
