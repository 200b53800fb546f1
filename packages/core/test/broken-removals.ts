import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, Found, Mark } from '../src/store.js'
import { Base, type BrokenStore, type Complete } from './broken-store.js'

async function keysOf(store: Base): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

export const brokenRemovals: readonly BrokenStore[] = [
  {
    fault: 'fails where nothing is stored',
    failsAt: 'get of an absent key finds no response and no mark',
    create: () =>
      new (class extends Base {
        override async get(key: string) {
          const found = await super.get(key)
          if (found.responses.length === 0 && found.mark === undefined) throw new Error('ENOENT')
          return found
        }
      })()
  },
  {
    fault: 'takes the whole key away with a slot',
    failsAt: 'delete of a slot leaves the others',
    create: () =>
      new (class extends Base {
        override delete(key: string) {
          return super.delete(key)
        }
      })()
  },
  {
    fault: 'takes the first response away with a key',
    failsAt: 'delete of a key takes all its responses',
    create: () =>
      new (class extends Base {
        override async delete(key: string, slot?: string) {
          return super.delete(key, slot ?? (await this.get(key)).responses[0]?.response.slot ?? '')
        }
      })()
  },
  {
    fault: 'swallows the errors of delete, and leaves what it was to remove',
    failsAt: 'a deleted response can be stored again',
    create: () =>
      new (class extends Base {
        readonly #deleted = new Set<string>()
        override async get(key: string): Promise<Found> {
          const found = await super.get(key)
          return this.#deleted.has(key) ? { ...found, responses: [] } : found
        }
        override async delete(key: string, slot?: string) {
          if (slot !== undefined) return super.delete(key, slot)
          this.#deleted.add(key)
        }
      })()
  },
  {
    fault: 'fails to delete what is absent',
    failsAt: 'delete of what is absent is fine',
    create: () =>
      new (class extends Base {
        override async delete(key: string, slot?: string) {
          const { responses } = await this.get(key)
          const isThere = responses.some(({ response }) => slot === undefined || response.slot === slot)
          if (!isThere) throw new Error('ENOENT')
          await super.delete(key, slot)
        }
      })()
  },
  {
    fault: 'clears what it finds in one pass of ten',
    failsAt: 'clear removes all responses',
    create: () =>
      new (class extends Base {
        override async clear() {
          for (const key of (await keysOf(this)).slice(0, 10)) await this.delete(key)
        }
      })()
  },
  {
    fault: 'is closed once only',
    failsAt: 'a store can be closed twice, at once and again',
    create: () =>
      new (class extends Base {
        #isClosed = false
        close() {
          if (this.#isClosed) throw new Error('EBADF')
          this.#isClosed = true
        }
      })()
  },
  {
    fault: 'says that it updated whatever it was told to',
    failsAt: 'update of an absent key is false and stores nothing',
    create: () =>
      new (class extends Base {
        override async update(key: string, response: StoredResponse) {
          await super.update(key, response)
          return true
        }
      })()
  }
]

export const brokenMarks: readonly BrokenStore[] = [
  {
    fault: 'loses marks',
    failsAt: 'a mark is returned by get',
    create: () =>
      new (class extends Base {
        override async mark() {}
      })()
  },
  {
    fault: 'swallows the errors of mark: it keeps none where nothing is stored',
    failsAt: 'a mark is returned by get',
    create: () =>
      new (class extends Base {
        override async mark(key: string, mark: Mark) {
          if ((await this.get(key)).responses.length > 0) await super.mark(key, mark)
        }
      })()
  },
  {
    fault: 'writes back the mark it read before a body came',
    failsAt: 'a mark written while a body arrives is there beside it',
    create: () =>
      new (class extends Base {
        readonly #none = new Set<string>()
        override async get(key: string) {
          const found = await super.get(key)
          return this.#none.has(key) ? { responses: found.responses } : found
        }
        override async mark(key: string, mark: Mark) {
          this.#none.delete(key)
          await super.mark(key, mark)
        }
        override async set(key: string, body: Body, complete: Complete) {
          const { mark } = await this.get(key)
          await super.set(key, body, complete)
          if (mark === undefined) this.#none.add(key)
          else await super.mark(key, mark)
        }
      })()
  },
  {
    fault: 'has one mark for all keys',
    failsAt: 'a mark is of its key alone',
    create: () =>
      new (class extends Base {
        #mark: Mark | undefined
        override async get(key: string) {
          const found = await super.get(key)
          return this.#mark === undefined ? found : { ...found, mark: { ...this.#mark } }
        }
        override async mark(_key: string, mark: Mark) {
          this.#mark = { ...mark }
        }
      })()
  }
]
