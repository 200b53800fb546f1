import type { StoredResponse } from '../src/rules/messages.js'
import type { Awaitable, Body, ByteRange, CacheStore, Found, Lease, Mark } from '../src/store.js'
import { brokenBasics } from './broken-basics.js'
import { brokenBodies } from './broken-bodies.js'
import { brokenMarks, brokenRemovals } from './broken-removals.js'
import { brokenReopening } from './broken-reopening.js'
import { brokenStanding } from './broken-standing.js'
import { Base, type BrokenStore, type Complete, collect } from './broken-store.js'

/** Applies `change` to every key on its way in. */
function withKeys(change: (key: string) => string): CacheStore {
  return new (class extends Base {
    override get(key: string) {
      return super.get(change(key))
    }
    override openBody(key: string, id: string, range?: ByteRange) {
      return super.openBody(change(key), id, range)
    }
    override set(key: string, body: Body, complete: Complete) {
      return super.set(change(key), body, complete)
    }
    override update(key: string, response: StoredResponse) {
      return super.update(change(key), response)
    }
    override mark(key: string, mark: Mark) {
      return super.mark(change(key), mark)
    }
    override delete(key: string, slot?: string) {
      return super.delete(change(key), slot)
    }
  })()
}

/** Changes what `get` finds. */
function withFound(change: (found: Found) => Found): CacheStore {
  return new (class extends Base {
    override async get(key: string) {
      return change(await super.get(key))
    }
  })()
}

/** Deletes more keys than the one it was told to. */
function deletingAlso(isHit: (key: string, deleted: string) => boolean): CacheStore {
  return new (class extends Base {
    override async delete(key: string, slot?: string) {
      await super.delete(key, slot)
      const keys: string[] = []
      for await (const other of this.keys()) if (slot === undefined && isHit(other, key)) keys.push(other)
      for (const other of keys) await super.delete(other)
    }
  })()
}

export const brokenStores: readonly BrokenStore[] = [
  {
    fault: 'writes new bytes into the place of the old ones as they arrive',
    failsAt: 'the old response is there, whole, until the new one is',
    create: () =>
      new (class extends Base {
        readonly #files = new Map<string, Uint8Array[]>()
        override async set(key: string, body: Body, complete: Complete) {
          const pieces: Uint8Array[] = []
          this.#files.set(key, pieces)
          for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece.slice())
          await super.set(key, Buffer.concat(pieces), complete)
        }
        override openBody(key: string) {
          return Promise.resolve(Buffer.concat(this.#files.get(key) ?? []))
        }
      })()
  },
  {
    fault: 'stores the first piece with the metadata at once',
    failsAt: 'nothing is visible while the body arrives',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          const response = complete()
          const pieces: Uint8Array[] = []
          for await (const piece of body instanceof Uint8Array ? [body] : body) {
            if (pieces.push(piece) === 1) await super.set(key, piece, () => response)
          }
          await super.set(key, Buffer.concat(pieces), () => response)
        }
      })()
  },
  {
    fault: 'calls complete before the end of the body',
    failsAt: 'complete is called once, when the body has ended',
    create: () =>
      new (class extends Base {
        override set(key: string, body: Body, complete: Complete) {
          const response = complete()
          return super.set(key, body, () => response)
        }
      })()
  },
  {
    fault: 'calls complete twice',
    failsAt: 'complete is called once, when the body has ended',
    create: () =>
      new (class extends Base {
        override set(key: string, body: Body, complete: Complete) {
          return super.set(key, body, () => complete() && complete())
        }
      })()
  },
  {
    fault: 'calls complete also when the body failed',
    failsAt: 'complete is not called for a body that fails',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          let bytes: Uint8Array
          try {
            bytes = await collect(body)
          } catch (error) {
            complete()
            throw error
          }
          await super.set(key, bytes, complete)
        }
      })()
  },
  {
    fault: 'swallows the error of a body and stores what came before it',
    failsAt: 'a body that fails leaves nothing',
    create: () =>
      new (class extends Base {
        override set(key: string, body: Body, complete: Complete) {
          async function* untilError() {
            try {
              yield* body instanceof Uint8Array ? [body] : body
            } catch {}
          }
          return super.set(key, untilError(), complete)
        }
      })()
  },
  {
    fault: 'makes room before it knows that the body is whole',
    failsAt: 'a body that fails keeps what was there',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          await super.delete(key)
          await super.set(key, body, complete)
        }
      })()
  },
  {
    fault: 'keeps one response a key',
    failsAt: 'different slots stand side by side',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          await super.set(key, body, complete)
          const { responses } = await this.get(key)
          for (const { response } of responses.slice(0, -1)) await this.delete(key, response.slot)
        }
      })()
  },
  {
    fault: 'lets the response that ended last win',
    failsAt: 'a response requested later stays',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          const bytes = await collect(body)
          const response = complete()
          if (response === undefined || bytes.byteLength > 2 ** 21) return
          const { responses } = await this.get(key)
          const there = responses.find((found) => found.response.slot === response.slot)
          if (there !== undefined && there.response.requestTime > response.requestTime)
            await this.delete(key, response.slot)
          await super.set(key, bytes, () => response)
        }
      })()
  },
  {
    fault: 'loses an update',
    failsAt: 'update replaces the metadata and keeps the body',
    create: () =>
      new (class extends Base {
        override async update(key: string, response: StoredResponse) {
          const { responses } = await this.get(key)
          return responses.some((found) => found.response.slot === response.slot && found.response.id === response.id)
        }
      })()
  },
  {
    fault: 'updates what was deleted in the meantime, and so brings it back',
    failsAt: 'update beside delete never brings anything back',
    create: () =>
      new (class extends Base {
        override async update(key: string, response: StoredResponse) {
          const [body, { responses }] = await Promise.all([this.openBody(key, response.id), this.get(key)])
          const { slot, id } = response
          const isThere = responses.some((found) => found.response.slot === slot && found.response.id === id)
          if (!isThere || body === undefined) return false
          await super.set(key, await collect(body), () => response)
          return true
        }
      })()
  },
  {
    fault: 'updates whatever is in the slot',
    failsAt: 'update with another id is false and changes nothing',
    create: () =>
      new (class extends Base {
        override async update(key: string, response: StoredResponse) {
          const found = (await this.get(key)).responses.find(({ response: { slot } }) => slot === response.slot)
          return super.update(key, { ...response, id: found?.response.id ?? response.id })
        }
      })()
  },
  {
    fault: 'removes the mark when it deletes a key',
    failsAt: 'a mark survives delete of its key',
    create: () =>
      new (class extends Base {
        readonly #gone = new Set<string>()
        override async get(key: string) {
          const found = await super.get(key)
          return this.#gone.has(key) ? { responses: found.responses } : found
        }
        override mark(key: string, mark: Mark) {
          this.#gone.delete(key)
          return super.mark(key, mark)
        }
        override delete(key: string, slot?: string) {
          if (slot === undefined) this.#gone.add(key)
          return super.delete(key, slot)
        }
      })()
  },
  {
    fault: 'deletes the responses when it writes a mark',
    failsAt: 'a mark deletes nothing',
    create: () =>
      new (class extends Base {
        override async mark(key: string, mark: Mark) {
          await super.mark(key, mark)
          await super.delete(key)
        }
      })()
  },
  {
    fault: 'keeps the first mark',
    failsAt: 'a newer mark replaces an older one',
    create: () =>
      new (class extends Base {
        override async mark(key: string, mark: Mark) {
          if ((await this.get(key)).mark === undefined) await super.mark(key, mark)
        }
      })()
  },
  {
    fault: 'forgets marks on clear',
    failsAt: 'a mark survives clear',
    create: () => {
      let inner = new Base()
      return {
        contract: 1,
        get: (key) => inner.get(key),
        openBody: (key, id, range) => inner.openBody(key, id, range),
        set: (key, body, complete) => inner.set(key, body, complete),
        update: (key, response) => inner.update(key, response),
        mark: (key, mark) => inner.mark(key, mark),
        delete: (key, slot) => inner.delete(key, slot),
        clear: () => {
          inner = new Base()
        },
        keys: () => inner.keys(),
        lock: (key, options) => inner.lock(key, options)
      }
    }
  },
  {
    fault: 'stores after clear what began before',
    failsAt: 'a set that began before clear stores nothing',
    create: () =>
      new (class extends Base {
        override async clear() {
          const keys: string[] = []
          for await (const key of this.keys()) keys.push(key)
          for (const key of keys) await this.delete(key)
        }
      })()
  },
  {
    fault: 'hands out the bytes it keeps',
    failsAt: 'writing into a body that rode along changes nothing stored',
    create: () =>
      new (class extends Base {
        readonly #shared = new Map<string, Uint8Array>()
        override async get(key: string): Promise<Found> {
          const found = await super.get(key)
          const responses = found.responses.map(({ response, body }) => {
            if (body === undefined) return { response }
            if (!this.#shared.has(response.id)) this.#shared.set(response.id, body)
            return { response, body: this.#shared.get(response.id) ?? body }
          })
          return { ...found, responses }
        }
      })()
  },
  {
    fault: 'keeps the pieces it was given without copying them',
    failsAt: 'writing into the pieces of a small body afterwards changes nothing stored',
    create: () =>
      new (class extends Base {
        readonly #pieces = new Map<string, Uint8Array[]>()
        override async set(key: string, body: Body, complete: Complete) {
          const pieces: Uint8Array[] = []
          for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
          await super.set(key, Buffer.concat(pieces), () => {
            const response = complete()
            if (response !== undefined) this.#pieces.set(response.id, pieces)
            return response
          })
        }
        override async openBody(key: string, id: string, range?: ByteRange) {
          if ((await super.openBody(key, id)) === undefined) return undefined
          const bytes = Buffer.concat(this.#pieces.get(id) ?? [])
          return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
        }
      })()
  },
  {
    fault: 'says that it keeps objects, and does not',
    failsAt: 'keepsObjects is said only where it is so',
    create: () =>
      new (class extends Base {
        constructor() {
          super({ keepsObjects: true })
        }
        override async get(key: string) {
          return structuredClone(await super.get(key))
        }
      })()
  },
  {
    fault: 'deletes every key that begins like the one',
    failsAt: 'keys that begin alike are apart',
    create: () => deletingAlso((key, deleted) => key.startsWith(deleted))
  },
  {
    fault: 'takes the key for a pattern when it deletes',
    failsAt: 'characters that mean something elsewhere mean themselves',
    create: () => {
      const toPattern = (glob: string) =>
        glob
          .replace(/[.+^${}()|\\[\]]/g, '\\$&')
          .replace(/\*/g, '.*')
          .replace(/\?/g, '.')
      return deletingAlso((key, deleted) => new RegExp(`^${toPattern(deleted)}$`, 's').test(key))
    }
  },
  {
    fault: 'folds the case of keys',
    failsAt: 'keys that differ in case only are apart',
    create: () => withKeys((key) => key.toLowerCase())
  },
  {
    fault: 'ends a key at NUL',
    failsAt: 'keys with control characters are apart',
    create: () => withKeys((key) => key.split('\0', 1)[0] ?? '')
  },
  {
    fault: 'normalizes keys',
    failsAt: 'keys beyond ASCII are apart',
    create: () => withKeys((key) => key.normalize())
  },
  {
    fault: 'resolves dots in keys',
    failsAt: 'keys that look like paths are apart',
    create: () => withKeys((key) => key.replace(/^\.\//, '').replace('a/../', ''))
  },
  {
    fault: 'cuts long keys',
    failsAt: 'long keys that differ at their end are apart',
    create: () => withKeys((key) => key.slice(0, 1000))
  },
  {
    fault: 'writes keys as UTF-8',
    failsAt: 'unpaired surrogates do not answer for each other',
    create: () => withKeys((key) => Buffer.from(key, 'utf8').toString('utf8'))
  },
  {
    fault: 'answers for whatever id with the body in the first slot',
    failsAt: 'openBody never answers for an id that was replaced',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const first = (await this.get(key)).responses[0]?.response.id
          return super.openBody(key, first ?? id, range)
        }
      })()
  },
  {
    fault: 'takes the end of a range to be exclusive',
    failsAt: 'ranges of a small body',
    create: () =>
      new (class extends Base {
        override openBody(key: string, id: string, range?: ByteRange) {
          return super.openBody(key, id, range && { ...range, last: range.last - 1 })
        }
      })()
  },
  {
    fault: 'ignores ranges',
    failsAt: 'ranges of a small body',
    create: () =>
      new (class extends Base {
        override openBody(key: string, id: string) {
          return super.openBody(key, id)
        }
      })()
  },
  {
    fault: 'ignores ranges that begin within the first 64 KiB',
    failsAt: 'ranges of a large body',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id)
          if (body === undefined || range === undefined) return body
          const whole = await collect(body)
          return whole.byteLength > 65_536 && range.first < 65_536 && range.last >= 65_536
            ? whole
            : whole.subarray(range.first, range.last + 1)
        }
      })()
  },
  {
    fault: 'fills a range that reaches past the end with zeros',
    failsAt: 'a range that reaches past the end gives no byte more than there are',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined || range === undefined) return body
          const filled = new Uint8Array(range.last - range.first + 1)
          filled.set(await collect(body))
          return filled
        }
      })()
  },
  {
    fault: 'answers a range of what is not there with no bytes',
    failsAt: 'a range of an id that is not there gives undefined',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          return body ?? (range && new Uint8Array(0))
        }
      })()
  },
  {
    fault: 'ends a body cleanly when its response is gone',
    failsAt: 'a reader is not harmed by delete',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const isThere = async () => (await super.openBody(key, id)) !== undefined
          return (async function* () {
            for await (const piece of body instanceof Uint8Array ? [body] : body) {
              if (!(await isThere())) return
              yield piece
            }
          })()
        }
      })()
  },
  {
    fault: 'lets every body ride along',
    failsAt: 'a body of 64 KiB rides along, one byte more does not',
    create: () =>
      new (class extends Base {
        override async get(key: string): Promise<Found> {
          const found = await super.get(key)
          const responses = found.responses.map(async ({ response }) => {
            const body = await super.openBody(key, response.id)
            return body === undefined ? { response } : { response, body: await collect(body) }
          })
          return { ...found, responses: await Promise.all(responses) }
        }
      })()
  },
  {
    fault: 'lets no body ride along',
    failsAt: 'a small body rides along',
    create: () => withFound((found) => ({ ...found, responses: found.responses.map(({ response }) => ({ response })) }))
  },
  {
    fault: 'stores a body that is too long up to its limit',
    failsAt: 'a longer body is not stored, and is let go',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          const bytes = await collect(body)
          await super.set(key, bytes.subarray(0, this.maxEntryBytes), complete)
        }
      })()
  },
  {
    fault: 'keeps field values as UTF-8 bytes read as Latin-1',
    failsAt: 'field values keep every Latin-1 byte, names their case, lines their order',
    create: () =>
      withFound((found) => ({
        ...found,
        responses: found.responses.map((kept) => ({
          ...kept,
          response: {
            ...kept.response,
            fields: kept.response.fields.map(([name, value]) => [name, Buffer.from(value).toString('latin1')] as const)
          }
        }))
      }))
  },
  {
    fault: 'copies marks into an ordinary object by assignment',
    failsAt: 'names such as __proto__ are names like others',
    create: () =>
      withFound((found) => ({
        ...found,
        responses: found.responses.map((kept) => {
          const marks: Record<string, string> = {}
          for (const [name, value] of Object.entries(kept.response.marks)) marks[name] = value
          return { ...kept, response: { ...kept.response, marks } }
        })
      }))
  },
  {
    fault: 'keeps no empty body',
    failsAt: 'an empty body is a body',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const bytes = await collect(body)
          return bytes.byteLength === 0 ? undefined : bytes
        }
      })()
  },
  {
    fault: 'lists keys that have only a mark',
    failsAt: 'keys lists neither what was deleted nor what has only a mark',
    create: () =>
      new (class extends Base {
        readonly #marked = new Set<string>()
        override mark(key: string, mark: Mark) {
          this.#marked.add(key)
          return super.mark(key, mark)
        }
        override async *keys() {
          for await (const key of super.keys()) if (!this.#marked.has(key)) yield key
          yield* this.#marked
        }
      })()
  },
  {
    fault: 'gives every caller a lease',
    failsAt: 'all who wait are told of the release together',
    create: () =>
      new (class extends Base {
        override lock() {
          return Promise.resolve({ release: (): Awaitable<void> => {} })
        }
      })()
  },
  {
    fault: 'lets whoever releases release the lock of the next holder',
    failsAt: 'a second release does no harm to the next holder',
    create: () =>
      new (class extends Base {
        readonly #leases = new Map<string, Lease>()
        override async lock(key: string, options: Parameters<NonNullable<CacheStore['lock']>>[1]) {
          const lease = await super.lock(key, options)
          if (lease === undefined) return undefined
          this.#leases.set(key, lease)
          return { release: () => this.#leases.get(key)?.release() }
        }
      })()
  },
  {
    fault: 'loses the byte before each seam of what it keeps a body in',
    failsAt: 'ranges of a large body',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined || range === undefined) return body
          const bytes = await collect(body)
          const seam = 65_536 - range.first
          return seam > 1 && seam < bytes.byteLength
            ? Buffer.concat([bytes.subarray(0, seam - 1), bytes.subarray(seam)])
            : bytes
        }
      })()
  },
  {
    fault: 'keeps of the fields only those it knows',
    failsAt: 'what is stale is validated, and fresh again once confirmed',
    create: () =>
      withFound((found) => ({
        ...found,
        responses: found.responses.map((one) => ({
          ...one,
          response: { ...one.response, fields: one.response.fields.filter(([name]) => name !== 'etag') }
        }))
      }))
  },
  ...brokenRemovals,
  ...brokenMarks,
  ...brokenBodies,
  ...brokenStanding,
  ...brokenReopening,
  ...brokenBasics
]
