import type { StoredResponse } from '@cc/core'
import { expect } from '@jest/globals'
import { PIECE_BYTES } from '../src/byte-count.js'
import { DictStore } from '../src/index.js'
import { DictModel, type Limits, modelledBody } from './dict-model.js'
import { mark, NOW, response } from './sample.js'

/** What is stored, and how it is given. */
export interface Given {
  readonly key: string
  readonly slot: string
  /** Lengths of the pieces. */
  readonly lengths: readonly number[]
  /** How much longer than a piece the buffer is that it is a part of; 0 means that all are parts of one. */
  readonly slab: number
  readonly requestTime: number
  readonly value: string
}

/** What the body and `complete` of a `set` do meanwhile. */
export type Meanwhile = (both: SideBySide) => void

/** A body that comes when it is told to. */
interface Coming {
  next(): Promise<void>
  end(how: 'well' | 'unwanted' | 'cut'): Promise<void>
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A store and a model of it that are told the same, and what was read from the store so far. */
export class SideBySide {
  readonly store: DictStore
  readonly model: DictModel
  readonly coming: Coming[] = []
  readonly #readers: { readonly pieces: readonly Uint8Array[]; readonly expected: Buffer }[] = []
  #ids = 0

  constructor(limits: Limits) {
    const model = new DictModel(limits, NOW)
    const { maxBytes, maxEntryBytes, maxEntries } = limits
    this.model = model
    this.store = new DictStore({
      maxBytes,
      maxEntryBytes,
      clock: () => model.now,
      ...(Number.isFinite(maxEntries) && { maxEntries })
    })
  }

  get(key: string): void {
    const found = this.store.get(key)
    const { responses = [], mark } = this.model.get(key) ?? {}
    expect(found.mark).toBe(mark)
    expect(new Set(found.responses.map(({ response }) => response))).toEqual(
      new Set(responses.map(({ response }) => response))
    )
    for (const { response, body } of found.responses) {
      if (body !== undefined) this.#reads([body], this.model.find(key, response.slot)?.content)
    }
  }

  open(key: string, slot: string, range?: { first: number; last: number }): void {
    const there = this.model.find(key, slot)
    if (there === undefined) return
    const body = this.store.openBody(key, there.response.id, range)
    if (range === undefined) this.model.open(key, there)
    const expected = range === undefined ? there.content : there.content.subarray(range.first, range.last + 1)
    this.#reads(body instanceof Uint8Array ? [body] : (body ?? []), expected)
  }

  set(given: Given, inBody: Meanwhile, inComplete: Meanwhile): void {
    const { pieces, stored } = this.#make(given)
    const { clears } = this.model
    let isComplete = false
    const both = this
    function* body() {
      inBody(both)
      yield* pieces
    }
    this.store.set(given.key, body(), () => {
      inComplete(this)
      isComplete = true
      return stored
    })
    const whole = modelledBody(pieces)
    expect(isComplete).toBe(whole.content.length <= this.store.maxEntryBytes)
    if (isComplete && clears === this.model.clears) this.model.store(given.key, { response: stored, ...whole })
  }

  /** Begins to store a body of which nothing has come yet. */
  begin(given: Given): void {
    const { pieces, stored } = this.#make(given)
    const { clears } = this.model
    const took: Uint8Array[] = []
    let wake = () => {}
    let how: 'well' | 'unwanted' | 'cut' | undefined
    let allowed = 0
    async function* body() {
      for (;;) {
        while (took.length >= allowed && how === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        const piece = pieces[took.length]
        if (how === 'cut') throw new Error('cut')
        if (how !== undefined || piece === undefined) return
        took.push(piece)
        yield piece
      }
    }
    const outcome = Promise.resolve(
      this.store.set(given.key, body(), () => (how === 'unwanted' ? undefined : stored))
    ).catch((error: Error) => error.message)
    const end = async (with_: 'well' | 'unwanted' | 'cut') => {
      how = with_
      wake()
      const tooLong = modelledBody(took).content.length > this.store.maxEntryBytes
      expect(await outcome).toBe(how === 'cut' && !tooLong ? 'cut' : undefined)
      if (how !== 'well' || tooLong || clears !== this.model.clears) return
      this.model.store(given.key, { response: stored, ...modelledBody(took) })
    }
    const next = async () => {
      if (allowed < pieces.length) allowed++
      wake()
      await turn()
    }
    this.coming.push({ next, end })
  }

  update(key: string, slot: string, value: string, isOther: boolean): void {
    const there = this.model.find(key, slot)
    const { id, ...rest } = there?.response ?? response({ key, slot })
    const changed = { ...rest, id: isOther ? 'other' : id, statusText: value }
    const isRight = there !== undefined && !isOther
    expect(this.store.update(key, changed)).toBe(isRight)
    if (isRight) this.model.update(key, changed)
  }

  mark(key: string, at: number, keptFor: number): void {
    const made = mark({ at: NOW + at, dropAt: this.model.now + keptFor })
    this.store.mark(key, made)
    this.model.mark(key, made)
  }

  delete(key: string, slot?: string): void {
    this.store.delete(key, slot)
    this.model.delete(key, slot)
  }

  clear(): void {
    this.store.clear()
    this.model.clear()
  }

  /** Compares sums and bounds without using any key. */
  async compare(): Promise<void> {
    const { store, model } = this
    expect({ size: store.size, bytes: store.bytes, counters: store.counters }).toEqual({
      size: model.size,
      bytes: model.bytes,
      counters: model.counters
    })
    expect(store.bytes).toBeLessThanOrEqual(model.limits.maxBytes)
    expect(store.size).toBeLessThanOrEqual(model.limits.maxEntries)
    const keys: string[] = []
    for await (const key of store.keys()) keys.push(key)
    expect(keys.sort()).toEqual(model.keys.sort())
    for (const { key, responses } of model.entries) {
      for (const kept of responses) expect(this.#heldBytes(key, kept.response.id)).toBe(kept.heldBytes)
    }
  }

  /** Ends what is still coming, looks at everything, and at all that was ever read. */
  async finish(): Promise<void> {
    for (const { end } of this.coming.splice(0)) await end('well')
    await this.compare()
    for (const { key, responses } of [...this.model.entries]) {
      this.get(key)
      for (const { response } of responses) this.open(key, response.slot)
    }
    await this.compare()
    for (const { pieces, expected } of this.#readers) expect(Buffer.concat(pieces).equals(expected)).toBe(true)
  }

  /** What the body keeps from being freed: a range is opened as views of what is kept. */
  #heldBytes(key: string, id: string): number {
    const body = this.store.openBody(key, id, { first: 0, last: Number.MAX_SAFE_INTEGER }) ?? [new Uint8Array(1)]
    const pieces = (body instanceof Uint8Array ? [body] : [...body]).filter(({ byteLength }) => byteLength > 0)
    const buffers = new Set(pieces.map(({ buffer }) => buffer))
    return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, pieces.length * PIECE_BYTES)
  }

  #reads(pieces: readonly Uint8Array[], expected: Buffer | undefined): void {
    if (expected === undefined) throw new Error('a body of nothing that is stored')
    this.#readers.push({ pieces, expected: Buffer.from(expected) })
  }

  #make({ key, slot, lengths, slab, requestTime, value }: Given): { pieces: Uint8Array[]; stored: StoredResponse } {
    const id = `${++this.#ids}`
    const content = Buffer.alloc(
      lengths.reduce((sum, length) => sum + length, 0),
      `${id} `
    )
    const shared = new Uint8Array(content)
    let at = 0
    const pieces = lengths.map((length) => {
      const from = at
      at += length
      if (slab === 0) return shared.subarray(from, at)
      const own = new Uint8Array(length * slab)
      own.set(content.subarray(from, at))
      return own.subarray(0, length)
    })
    const stored = response({ key, slot, id, requestTime, fields: [['X', value]], marks: { [value]: value } })
    return { pieces, stored }
  }
}
