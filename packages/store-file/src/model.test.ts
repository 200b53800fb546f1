import { writeFileSync } from 'node:fs'
import type { Mark, StoredResponse } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { NOW, newFolder, removeFolder, response } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

interface Modelled {
  readonly slots: Map<string, { readonly response: StoredResponse; readonly bytes: Buffer }>
  mark?: Mark
}

/** Two stores on one folder, one of each kind, and what they should hold. */
class SideBySide {
  readonly folder = newFolder()
  readonly layout = new Layout(this.folder)
  readonly stores = [new FileStore(this.folder), new FileStore(this.folder, { reads: 'async' })] as const
  readonly model = new Map<string, Modelled>()
  #n = 0

  store(n: number): FileStore {
    return this.stores[n % 2] as FileStore
  }

  at(key: string): Modelled {
    const there = this.model.get(key) ?? { slots: new Map() }
    this.model.set(key, there)
    return there
  }

  async set(n: number, { key, slot, length, requestTime, responseTime, form }: Given): Promise<void> {
    const id = (++this.#n).toString(16)
    const bytes = Buffer.alloc(length, `${id} `)
    const stored = response({ key, slot, id, requestTime, responseTime, bodyBytes: length })
    async function* coming() {
      for (let at = 0; at < length; at += 30_000) yield bytes.subarray(at, at + 30_000)
    }
    const body = { whole: bytes, pieces: [bytes.subarray(0, 7), bytes.subarray(7)], coming: coming() }[form]
    await this.store(n).set(key, body, () => stored)
    const { slots } = this.at(key)
    const there = slots.get(slot)
    if (there === undefined || there.response.requestTime <= requestTime) slots.set(slot, { response: stored, bytes })
  }

  async update(n: number, key: string, slot: string, status: number): Promise<void> {
    const there = this.at(key).slots.get(slot)
    const changed = { ...(there?.response ?? response({ key, slot })), status, responseTime: NOW + status }
    expect(await this.store(n).update(key, changed)).toBe(there !== undefined)
    if (there !== undefined) this.at(key).slots.set(slot, { ...there, response: changed })
  }

  async mark(n: number, key: string): Promise<void> {
    const mark = { value: (++this.#n).toString(16), at: NOW, dropAt: Date.UTC(2100, 0, 1) }
    await this.store(n).mark(key, mark)
    this.at(key).mark = mark
  }

  async remove(n: number, key: string, slot?: string): Promise<void> {
    await this.store(n).delete(key, slot)
    if (slot === undefined) this.at(key).slots.clear()
    else this.at(key).slots.delete(slot)
  }

  async clear(n: number): Promise<void> {
    await this.store(n).clear()
    for (const { slots } of this.model.values()) slots.clear()
  }

  /** What is damaged is gone. */
  damage(key: string): void {
    if (this.at(key).slots.size === 0) return
    writeFileSync(this.layout.keyFile(hashOf(key)), 'cc-store-file 1 and nothing that follows from it')
    this.at(key).slots.clear()
  }

  async compare(): Promise<void> {
    for (const [key, { slots, mark }] of this.model) {
      for (const store of this.stores) {
        const found = await store.get(key)
        expect(found.mark).toEqual(mark)
        expect(new Set(found.responses.map(({ response }) => response))).toEqual(
          new Set([...slots.values()].map(({ response }) => response))
        )
        let beside = 0
        for (const { response, body } of found.responses) {
          const bytes = slots.get(response.slot)?.bytes as Buffer
          expect((body ?? bytes).length).toBe(bytes.length)
          expect(bytes.equals(body ?? bytes)).toBe(true)
          beside += body?.byteLength ?? 0
          expect(bytes.equals(await bytesOf(store, key, response.id))).toBe(true)
        }
        expect(beside).toBeLessThanOrEqual(65_536)
      }
    }
  }
}

async function bytesOf(store: FileStore, key: string, id: string): Promise<Buffer> {
  const body = await store.openBody(key, id)
  if (body === undefined) throw new Error(`no body ${id}`)
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
  return Buffer.concat(pieces)
}

interface Given {
  readonly key: string
  readonly slot: string
  readonly length: number
  readonly requestTime: number
  readonly responseTime: number
  readonly form: 'whole' | 'pieces' | 'coming'
}

class Step implements fc.AsyncCommand<SideBySide, SideBySide> {
  constructor(
    readonly name: string,
    readonly act: (both: SideBySide) => void | Promise<void>
  ) {}

  check(): boolean {
    return true
  }

  async run(both: SideBySide): Promise<void> {
    await this.act(both)
    await both.compare()
  }

  toString(): string {
    return this.name
  }
}

const key = fc.constantFrom('a', '__proto__', '\ud800', 'kéy '.repeat(100))
const slot = fc.constantFrom('0', '1', '2')
const n = fc.nat(1)
const time = fc.integer({ min: NOW, max: NOW + 5 })
const given: fc.Arbitrary<Given> = fc.record({
  key,
  slot,
  length: fc.constantFrom(0, 1, 500, 30_000, 50_000, 65_536, 65_537, 300_000),
  requestTime: time,
  responseTime: time,
  form: fc.constantFrom('whole', 'pieces', 'coming')
})

function step<T>(name: string, args: fc.Arbitrary<T>, act: (both: SideBySide, args: T) => void | Promise<void>) {
  return args.map((args) => new Step(`${name} ${JSON.stringify(args)}`, (both) => act(both, args)))
}

const set = step('set', fc.tuple(n, given), (both, args) => both.set(...args))
const steps = [
  set,
  set,
  set,
  step('update', fc.tuple(n, key, slot, fc.integer({ min: 200, max: 299 })), (both, args) => both.update(...args)),
  step('mark', fc.tuple(n, key), (both, args) => both.mark(...args)),
  step('delete', fc.tuple(n, key, slot), (both, args) => both.remove(...args)),
  step('delete all', fc.tuple(n, key), (both, args) => both.remove(...args)),
  step('clear', n, (both, n) => both.clear(n)),
  step('damage', key, (both, key) => both.damage(key))
]

describe('two FileStores of one folder beside a model of them', () => {
  it('hold what the model does, each of them, after every step', async () => {
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: 25, size: 'max' }), async (steps) => {
      const both = new SideBySide()
      try {
        await fc.asyncModelRun(() => ({ model: both, real: both }), steps)
        await Promise.all(both.stores.map((store) => store.close()))
      } finally {
        removeFolder(both.folder)
      }
    })
    await fc.assert(property, { numRuns: 40 })
  }, 120_000)
})
