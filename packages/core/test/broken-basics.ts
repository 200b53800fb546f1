import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, ByteRange, CacheStore, Found } from '../src/store.js'
import { Base, type BrokenStore, type Complete, collect } from './broken-store.js'

/** A store that changes a body on its way in. */
function withBody(change: (body: Body) => Body | Promise<Body>): CacheStore {
  return new (class extends Base {
    override async set(key: string, body: Body, complete: Complete) {
      await super.set(key, await change(body), complete)
    }
  })()
}

async function* cut(body: Body): AsyncGenerator<Uint8Array> {
  for await (const piece of body instanceof Uint8Array ? [body] : body) yield piece.slice(0, -1)
}

const forms: Readonly<Record<string, (body: Body) => boolean>> = {
  'a Uint8Array': (body) => body instanceof Uint8Array && body.byteLength > 200_000,
  'an array': (body) => Array.isArray(body),
  'an iterable': (body) => !(body instanceof Uint8Array) && !Array.isArray(body) && Symbol.iterator in body,
  'an async iterable': (body) => Symbol.asyncIterator in body
}

type Lock = NonNullable<CacheStore['lock']>

export const brokenBasics: readonly BrokenStore[] = [
  ...Object.entries(forms).map(([form, isOne]) => ({
    fault: `loses the last byte of each piece of ${form}`,
    failsAt: `a body given as ${form} is kept, whatever its length`,
    create: () => withBody((body) => (isOne(body) ? cut(body) : body))
  })),
  {
    fault: 'takes an empty piece for the end',
    failsAt: 'empty pieces are nothing',
    create: () =>
      withBody(async function* (body) {
        for await (const piece of body instanceof Uint8Array ? [body] : body) {
          if (piece.byteLength === 0) return
          yield piece
        }
      } as (body: Body) => Body)
  },
  {
    fault: 'keeps a thousand pieces of a body',
    failsAt: 'many small pieces make one body',
    create: () =>
      withBody(async function* (body) {
        let count = 0
        for await (const piece of body instanceof Uint8Array ? [body] : body) if (count++ < 1000) yield piece
      } as (body: Body) => Body)
  },
  {
    fault: 'takes a piece for all of its buffer',
    failsAt: 'pieces that are parts of larger buffers are kept as the parts they are',
    create: () =>
      withBody(async function* (body) {
        for await (const piece of body instanceof Uint8Array ? [body] : body) {
          yield new Uint8Array(piece.buffer).slice(0, piece.byteLength)
        }
      } as (body: Body) => Body)
  },
  {
    fault: 'keeps 1 MiB of a body',
    failsAt: ['a body of more than 1 MiB is kept', 'a body of maxEntryBytes is kept'],
    create: () =>
      withBody(async (body) => {
        const bytes = await collect(body)
        return bytes.byteLength > 2 ** 21 ? bytes : bytes.slice(0, 2 ** 20)
      })
  },
  {
    fault: 'keeps of the metadata what it knows',
    failsAt: 'metadata comes back as it was stored',
    create: () =>
      new (class extends Base {
        override async get(key: string): Promise<Found> {
          const { responses, ...found } = await super.get(key)
          const known = ({ hmac: _, ...response }: StoredResponse) => response
          return { ...found, responses: responses.map((one) => ({ ...one, response: known(one.response) })) }
        }
      })()
  },
  {
    fault: 'lets what is in a slot stay',
    failsAt: ['the same slot is replaced', 'a response requested at the same time is replaced'],
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          const { responses } = await this.get(key)
          await super.set(key, body, () => {
            const response = complete()
            return responses.some((there) => there.response.slot === response?.slot) ? undefined : response
          })
        }
      })()
  },
  {
    fault: 'puts each response into a place of its own',
    failsAt: ['the same slot is replaced', 'concurrent sets of one slot leave exactly one whole response'],
    create: () => {
      const slots = new Map<string, string>()
      return new (class extends Base {
        override async get(key: string): Promise<Found> {
          const { responses, ...found } = await super.get(key)
          const back = (response: StoredResponse) => ({ ...response, slot: slots.get(response.id) ?? response.slot })
          return { ...found, responses: responses.map((one) => ({ ...one, response: back(one.response) })) }
        }
        override async set(key: string, body: Body, complete: Complete) {
          await super.set(key, body, () => {
            const response = complete()
            if (response === undefined) return undefined
            slots.set(response.id, response.slot)
            return { ...response, slot: response.id }
          })
        }
      })()
    }
  },
  {
    fault: 'has one place a slot, whatever the key',
    failsAt: 'the same slot under another key is another response',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          let slot: string | undefined
          await super.set(key, body, () => {
            const response = complete()
            slot = response?.slot
            return response
          })
          for await (const other of this.keys()) if (other !== key && slot !== undefined) await this.delete(other, slot)
        }
      })()
  },
  {
    fault: 'is of another contract',
    failsAt: 'the contract is version 1',
    create: () => Object.assign(new Base(), { contract: 2 }) as unknown as CacheStore
  },
  {
    fault: 'ends a body cleanly when its metadata has changed',
    failsAt: 'a reader is not harmed by update and mark',
    create: () =>
      new (class extends Base {
        #updates = 0
        override update(key: string, response: StoredResponse) {
          this.#updates++
          return super.update(key, response)
        }
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const updates = this.#updates
          const isSame = () => updates === this.#updates
          return (async function* () {
            for await (const piece of body instanceof Uint8Array ? [body] : body) {
              if (!isSame()) return
              yield piece
            }
          })()
        }
      })()
  },
  {
    fault: 'fails to clear what is empty',
    failsAt: 'clear of an empty store, twice, at once',
    create: () =>
      new (class extends Base {
        override async clear() {
          for await (const _ of this.keys()) return super.clear()
          throw new Error('ENOENT')
        }
      })()
  },
  {
    fault: 'lists for one at a time, and not again after one who gave up',
    failsAt: 'keys can be given up',
    create: () =>
      new (class extends Base {
        #isListing = false
        override async *keys() {
          if (this.#isListing) throw new Error('EBUSY')
          this.#isListing = true
          yield* super.keys()
          this.#isListing = false
        }
      })()
  },
  {
    fault: 'gives no lease',
    failsAt: 'a lock that nobody holds is given at once',
    create: () =>
      new (class extends Base {
        override lock() {
          return Promise.resolve(undefined)
        }
      })()
  },
  {
    fault: 'gives each lease once',
    failsAt: 'a lock can be taken again after its release',
    create: () =>
      new (class extends Base {
        readonly #given = new Set<string>()
        override async lock(...[key, options]: Parameters<Lock>) {
          if (this.#given.has(key)) return undefined
          this.#given.add(key)
          return super.lock(key, options)
        }
      })()
  },
  {
    fault: 'has one lock for all keys',
    failsAt: 'locks of different keys are apart',
    create: () =>
      new (class extends Base {
        override lock(...[, options]: Parameters<Lock>) {
          return super.lock('', options)
        }
      })()
  }
]
