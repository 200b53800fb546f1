import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { CacheStore, Mark } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes, expectStored, readBody } from './expectations.js'
import { hex, outcome, put, sampleBytes, sampleMark, sampleResponse } from './sample.js'
import { asyncPiecesOf, piecesOf } from './streams.js'

const KEYS = ['a', 'A', 'a/b', '__proto__', 'a*']
const LENGTHS = [0, 1, 500, 40_000, 70_000]
const STEPS = 200

interface Modelled {
  readonly responses: Map<string, { readonly response: StoredResponse; readonly bytes: Uint8Array }>
  mark?: Mark
}

/** Numbers that look random and are the same in every run (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** A store and what it should hold, side by side. */
class Comparison {
  readonly #store: CacheStore
  readonly #random: (below: number) => number
  readonly #model = new Map<string, Modelled>()
  #n = 0

  constructor(store: CacheStore, seed: number) {
    this.#store = store
    this.#random = numbersFrom(seed)
  }

  /** Does one thing to both, and says what. */
  async step(): Promise<string> {
    this.#n++
    const key = this.#pick(KEYS)
    const slot = hex(this.#random(3))
    const action = this.#random(20)
    await this.#act(action, key, slot)
    await this.#compare(key)
    return `${this.#n}: action ${action} on ${key}, slot ${slot}`
  }

  async compareAll(): Promise<void> {
    for (const key of KEYS) await this.#compare(key)
    if (this.#store.keys === undefined) return
    const keys: string[] = []
    for await (const key of this.#store.keys()) keys.push(key)
    assert.deepEqual(keys.sort(), KEYS.filter((key) => this.#at(key).responses.size > 0).sort())
  }

  async #act(action: number, key: string, slot: string): Promise<void> {
    if (action < 9) return this.#set(key, slot)
    if (action < 11) return this.#failingSet(key, slot)
    if (action < 14) return this.#update(key, slot)
    if (action < 16) return this.#mark(key)
    if (action < 18) return this.#delete(key, slot)
    if (action < 19) return this.#delete(key)
    if (this.#random(3) === 0) await this.#clear()
  }

  async #set(key: string, slot: string): Promise<void> {
    const bytes = sampleBytes(this.#pick(LENGTHS), this.#n)
    const requestTime = 1_735_689_600_000 + this.#random(10)
    const body = this.#pick([bytes.slice(), [...piecesOf(bytes, 9973)], asyncPiecesOf(bytes, 9973)])
    const response = await put(this.#store, bytes, { key, slot, id: hex(this.#n), requestTime }, body)
    const { responses } = this.#at(key)
    const there = responses.get(slot)
    if (there === undefined || there.response.requestTime <= requestTime) responses.set(slot, { response, bytes })
  }

  async #failingSet(key: string, slot: string): Promise<void> {
    const random = this.#random
    async function* body() {
      yield sampleBytes(1 + random(1000))
      throw new Error('cut')
    }
    await outcome(() => put(this.#store, sampleBytes(10), { key, slot, id: hex(this.#n) }, body()))
  }

  async #update(key: string, slot: string): Promise<void> {
    const there = this.#at(key).responses.get(slot)
    const isRight = there !== undefined && this.#random(3) > 0
    const response = {
      ...(there?.response ?? sampleResponse({ key, slot })),
      status: 200 + this.#random(100),
      ...(!isRight && { id: hex(1_000_000 + this.#n) })
    }
    assert.equal(await this.#store.update(key, response), isRight)
    if (isRight) this.#at(key).responses.set(slot, { response, bytes: there.bytes })
  }

  async #mark(key: string): Promise<void> {
    const mark = sampleMark(this.#n)
    await this.#store.mark(key, mark)
    this.#at(key).mark = mark
  }

  async #delete(key: string, slot?: string): Promise<void> {
    await this.#store.delete(key, slot)
    if (slot === undefined) this.#at(key).responses.clear()
    else this.#at(key).responses.delete(slot)
  }

  async #clear(): Promise<void> {
    if (this.#store.clear === undefined) return
    await this.#store.clear()
    for (const { responses } of this.#model.values()) responses.clear()
  }

  async #compare(key: string): Promise<void> {
    const { responses, mark } = this.#at(key)
    const found = await this.#store.get(key)
    assert.equal(found.mark?.value, mark?.value, 'mark')
    assert.equal(found.responses.length, responses.size, 'number of responses')
    for (const { response, bytes } of responses.values()) {
      await expectStored(this.#store, response, bytes)
      if (bytes.byteLength === 0) continue
      const first = this.#random(bytes.byteLength)
      const last = first + this.#random(bytes.byteLength - first)
      const part = await readBody(this.#store, key, response.id, { first, last })
      expectBytes(part, bytes.slice(first, last + 1), `${first}-${last}`)
    }
  }

  #pick<T>(things: readonly T[]): T {
    return things[this.#random(things.length)] as T
  }

  #at(key: string): Modelled {
    const there = this.#model.get(key) ?? { responses: new Map() }
    this.#model.set(key, there)
    return there
  }
}

export const modelCases: CaseDraft[] = [1, 2, 3].flatMap((seed) =>
  cases('A store finds and keeps', {
    [`a random sequence of calls does what a model of the contract does (${seed})`]: async (store) => {
      const comparison = new Comparison(store, seed)
      const done: string[] = []
      try {
        for (let n = 0; n < STEPS; n++) done.push(await comparison.step())
        await comparison.compareAll()
      } catch (error) {
        throw new Error(`after ${done.slice(-5).join('; ') || 'nothing'}`, { cause: error })
      }
    }
  })
)
