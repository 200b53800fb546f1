import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { storeCases } from '../src/testing/index.js'
import { MapStore } from './map-store.js'

const maxEntryBytes = 2 ** 21

describe.each([
  ['asynchronous', { maxEntryBytes }],
  ['synchronous', { maxEntryBytes, sync: true }],
  ['asynchronous, keeping objects', { maxEntryBytes, keepsObjects: true }],
  ['synchronous, keeping objects', { maxEntryBytes, keepsObjects: true, sync: true }],
  ['without a limit', {}]
])('MapStore, %s', (_, options) => {
  const reopen = (store: MapStore) => new MapStore(options, store)
  for (const { name, run } of storeCases(() => new MapStore(options), { reopen })) it(name, run)
})

/** A store that counts the bodies that are open, and lets go of them a little later, or not of those given up. */
class CountingStore extends MapStore {
  open = 0
  readonly #leaks: boolean

  constructor(leaks: boolean) {
    super()
    this.#leaks = leaks
  }

  override async openBody(...args: Parameters<MapStore['openBody']>): Promise<AsyncIterable<Uint8Array> | undefined> {
    const body = await super.openBody(...args)
    if (body === undefined) return undefined
    this.open++
    const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    let isOpen = true
    const close = () => {
      if (isOpen) setImmediate(() => this.open--)
      isOpen = false
    }
    const next = async () => {
      const piece = await pieces.next()
      if (piece.done) close()
      return piece
    }
    const giveUp = async () => {
      if (!this.#leaks) close()
      await pieces.return?.()
      return { done: true as const, value: undefined }
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: giveUp }) }
  }
}

describe('storeCases', () => {
  it('names each case once and says which promise it checks', () => {
    const cases = storeCases(() => new MapStore())
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    expect(cases.filter(({ promise }) => promise === '')).toEqual([])
  })

  it('are listed in the guide for writers of stores, by promise', () => {
    const guide = readFileSync(join(__dirname, '../../../docs/writing-a-store.md'), 'utf8')
    const promises = new Map<string, string[]>()
    for (const { name, promise } of storeCases(() => new MapStore())) {
      promises.set(promise, [...(promises.get(promise) ?? []), name.replace(/[<*_]/g, '\\$&')])
    }
    const rows = [...promises].map(([promise, names]) => `| ${promise} | ${names.join('; ')} |`)
    const table = guide.split('\n').filter((line) => line.startsWith('| ') && rows.includes(line))
    expect(table).toEqual(rows)
  })

  it('leaves out what a store cannot do, given a reason', () => {
    const all = storeCases(() => new MapStore())
    const some = storeCases(() => new MapStore(), { cannot: { clear: 'others share it', lock: 'one process' } })
    const missing = all.filter(({ name }) => !some.some((c) => c.name === name)).map(({ name }) => name)
    expect(missing).toContain('a mark survives clear')
    expect(missing).toContain('waiting ends on abort')
    expect(missing).not.toContain('keys lists what is stored, once')
  })

  it('refuses an ability that is unknown, or has no reason', () => {
    const create = () => new MapStore()
    expect(() => storeCases(create, { cannot: { get: 'too hard' } as object })).toThrow(
      new TypeError('cannot.get is not an ability of a store')
    )
    expect(() => storeCases(create, { cannot: { clear: '' } })).toThrow(
      new TypeError('cannot.clear must give the reason')
    )
  })

  it('fails a store that lacks an optional method and does not say so', async () => {
    class WithoutClear extends MapStore {
      override clear = undefined as never
    }
    const survives = storeCases(() => new WithoutClear()).find(({ name }) => name === 'a mark survives clear')
    await expect(survives?.run()).rejects.toThrow('the store has no clear(); say why in `cannot.clear`')
  })

  it('destroys the store of each case, passed or failed', async () => {
    let made = 0
    let destroyed = 0
    class Forgetful extends MapStore {
      override mark(): void {}
    }
    const cases = storeCases(
      () => {
        made++
        return new Forgetful()
      },
      {
        destroy: () => {
          destroyed++
        }
      }
    ).filter(({ promise }) => promise.includes('mark'))
    const results = await Promise.allSettled(cases.map(({ run }) => run()))
    expect(results.map(({ status }) => status)).toContain('rejected')
    expect(destroyed).toBe(made)
    expect(made).toBe(cases.length)
  })

  it('fails a store that is not reopened and does not say why', async () => {
    const isReopened = ({ name }: { name: string }) => name === 'a mark that was written before a crash is there'
    const survives = storeCases(() => new MapStore()).find(isReopened)
    await expect(survives?.run()).rejects.toThrow('the options have no reopen; say why in `cannot.reopen`')
    const cannot = { reopen: 'it is in memory' }
    expect(storeCases(() => new MapStore(), { cannot }).find(isReopened)).toBe(undefined)
  })

  it('crashes a store before another is opened on the same, and destroys the later one first', async () => {
    const done: string[] = []
    class Numbered extends MapStore {
      readonly number: number
      constructor(other?: Numbered) {
        super({}, other)
        this.number = (other?.number ?? 0) + 1
      }
    }
    const cases = storeCases(() => new Numbered(), {
      crash: ({ number }) => {
        done.push(`crash ${number}`)
      },
      reopen: (store) => {
        done.push(`reopen ${store.number}`)
        return new Numbered(store)
      },
      destroy: ({ number }) => {
        done.push(`destroy ${number}`)
      }
    })
    await cases.find(({ name }) => name === 'nothing is there of what a crash cut off')?.run()
    expect(done).toEqual(['crash 1', 'reopen 1', 'destroy 2', 'destroy 1'])
  })

  it('counts what is held open, and gives the store some time to let go of it', async () => {
    const read = async (leaks: boolean) => {
      const cases = storeCases(() => new CountingStore(leaks), { openHandles: ({ open }) => open })
      const failing: string[] = []
      for (const { name, promise, run } of cases) {
        if (/\breturn\(\)|\brange\b/.test(promise)) await run().catch(() => failing.push(name))
      }
      return failing
    }
    expect(await read(false)).toEqual([])
    expect(await read(true)).toEqual(['a body that is given up harms no other reader'])
  })

  it('closes the store unless told how to destroy it', async () => {
    let closed = 0
    class Closing extends MapStore {
      close(): void {
        closed++
      }
    }
    await storeCases(() => new Closing())[0]?.run()
    expect(closed).toBe(1)
  })
})
