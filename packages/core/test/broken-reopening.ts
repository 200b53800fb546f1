import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, ByteRange, Found, Mark } from '../src/store.js'
import { sampleResponse } from '../src/testing/index.js'
import { Base, type BrokenStore, type Complete, collect } from './broken-store.js'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A store that hands out other bytes than those it keeps: `change` gets the id and the whole body. */
abstract class WithBytes extends Base {
  protected abstract change(key: string, id: string, bytes: Uint8Array): Uint8Array

  override async get(key: string): Promise<Found> {
    const { responses, ...found } = await super.get(key)
    return {
      ...found,
      responses: responses.map(({ response, body }) =>
        body === undefined ? { response } : { response, body: this.change(key, response.id, body) }
      )
    }
  }

  override async openBody(key: string, id: string, range?: ByteRange) {
    const body = await super.openBody(key, id)
    if (body === undefined) return undefined
    const bytes = this.change(key, id, await collect(body))
    return range === undefined ? bytes : bytes.slice(range.first, range.last + 1)
  }
}

/** What arrives, and a note of it for whoever wants to know what came so far. */
async function* noted(body: Body, note: (piece: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of body instanceof Uint8Array ? [body] : body) {
    note(piece.slice())
    yield piece
  }
}

// What is in `#private` is in memory and ends with the process; what is in a constant beside the class is on a disk.
export const brokenReopening: readonly BrokenStore[] = [
  {
    fault: 'has the end of each body in memory only',
    failsAt: 'what was stored before a crash is there whole, or not at all',
    create: () =>
      new (class extends WithBytes {
        readonly #mine = new Set<string>()
        override async set(key: string, body: Body, complete: Complete) {
          await super.set(key, body, () => {
            const response = complete()
            if (response !== undefined) this.#mine.add(response.id)
            return response
          })
        }
        protected change(_key: string, id: string, bytes: Uint8Array) {
          return this.#mine.has(id) ? bytes : bytes.slice(0, bytes.byteLength / 2)
        }
      })()
  },
  {
    fault: 'has in memory what it has updated',
    failsAt: 'what was changed before a crash is there as it was changed, or not at all',
    create: () =>
      new (class extends Base {
        readonly #updated = new Map<string, StoredResponse>()
        override async get(key: string) {
          const { responses, ...found } = await super.get(key)
          const updated = (response: StoredResponse) => this.#updated.get(response.id) ?? response
          return { ...found, responses: responses.map((one) => ({ ...one, response: updated(one.response) })) }
        }
        override async update(key: string, response: StoredResponse) {
          const { responses } = await super.get(key)
          const isThere = responses.some(({ response: { id, slot } }) => id === response.id && slot === response.slot)
          if (isThere) this.#updated.set(response.id, structuredClone(response))
          return isThere
        }
      })()
  },
  {
    fault: 'has in memory what it has deleted',
    failsAt: 'what was deleted before a crash does not come back',
    create: () =>
      new (class extends Base {
        readonly #deleted = new Set<string>()
        override async get(key: string) {
          const { responses, ...found } = await super.get(key)
          return { ...found, responses: responses.filter(({ response }) => !this.#deleted.has(response.id)) }
        }
        override openBody(key: string, id: string, range?: ByteRange) {
          return this.#deleted.has(id) ? undefined : super.openBody(key, id, range)
        }
        override async delete(key: string, slot?: string) {
          for (const { response } of (await this.get(key)).responses) {
            if (slot === undefined || response.slot === slot) this.#deleted.add(response.id)
          }
        }
      })()
  },
  {
    fault: 'has marks in memory',
    failsAt: 'a mark that was written before a crash is there',
    create: () =>
      new (class extends Base {
        readonly #marks = new Map<string, Mark>()
        override async get(key: string) {
          const mark = this.#marks.get(key)
          const found = await super.get(key)
          return mark === undefined ? found : { ...found, mark: { ...mark } }
        }
        override async mark(key: string, mark: Mark) {
          this.#marks.set(key, { ...mark })
        }
      })()
  },
  {
    fault: 'has a mark in memory until the body has come that is on its way',
    failsAt: 'a mark that was written while a body arrived is there after a crash',
    create: () =>
      new (class extends Base {
        readonly #marks = new Map<string, Mark>()
        readonly #storing = new Set<string>()
        override async get(key: string) {
          const mark = this.#marks.get(key)
          const found = await super.get(key)
          return mark === undefined ? found : { ...found, mark: { ...mark } }
        }
        override async mark(key: string, mark: Mark) {
          this.#marks.set(key, { ...mark })
          if (!this.#storing.has(key)) await super.mark(key, mark)
        }
        override async set(key: string, body: Body, complete: Complete) {
          this.#storing.add(key)
          await Promise.resolve(super.set(key, body, complete)).finally(async () => {
            this.#storing.delete(key)
            const mark = this.#marks.get(key)
            if (mark !== undefined) await super.mark(key, mark)
          })
        }
      })()
  },
  {
    fault: 'shows a body that was cut off, as long as it got',
    failsAt: 'nothing is there of what a crash cut off',
    create: () => {
      const arrived = new Map<string, Uint8Array[]>()
      return new (class extends Base {
        readonly #storing = new Set<string>()
        override async get(key: string): Promise<Found> {
          const found = await super.get(key)
          const pieces = arrived.get(key)
          if (found.responses.length > 0 || pieces === undefined || this.#storing.has(key)) return found
          const { byteLength } = Buffer.concat(pieces)
          return { ...found, responses: [{ response: sampleResponse({ key, bodyBytes: byteLength }) }] }
        }
        override async set(key: string, body: Body, complete: Complete) {
          const pieces: Uint8Array[] = []
          arrived.set(key, pieces)
          this.#storing.add(key)
          await Promise.resolve(
            super.set(
              key,
              noted(body, (piece) => pieces.push(piece)),
              complete
            )
          ).finally(() => arrived.delete(key))
        }
      })()
    }
  },
  {
    fault: 'writes a body over the one that it replaces, and has that in memory meanwhile',
    failsAt: 'what was there stays, or goes, when a crash cuts off its replacement',
    create: () => {
      const over = new Map<string, Uint8Array>()
      return new (class extends WithBytes {
        readonly #storing = new Set<string>()
        protected change(key: string, _id: string, bytes: Uint8Array) {
          const written = over.get(key)
          if (written === undefined || this.#storing.has(key)) return bytes
          return new Uint8Array(Buffer.concat([written, bytes.subarray(written.byteLength)]))
        }
        override async set(key: string, body: Body, complete: Complete) {
          this.#storing.add(key)
          await Promise.resolve(
            super.set(
              key,
              noted(body, (piece) => over.set(key, piece)),
              complete
            )
          ).finally(() => over.delete(key))
        }
      })()
    }
  },
  {
    fault: 'writes the metadata before the last piece, and hides it in memory meanwhile',
    failsAt: 'what a crash meets at its end is there whole, or not at all',
    create: () => {
      const half = new Set<string>()
      return new (class extends WithBytes {
        readonly #hidden = new Set<string>()
        override async get(key: string): Promise<Found> {
          const { responses, ...found } = await super.get(key)
          return { ...found, responses: responses.filter(({ response }) => !this.#hidden.has(response.id)) }
        }
        protected change(_key: string, id: string, bytes: Uint8Array) {
          return half.has(id) ? bytes.slice(0, bytes.byteLength / 2) : bytes
        }
        override async set(key: string, body: Body, complete: Complete) {
          let id = ''
          await super.set(key, body, () => {
            const response = complete()
            id = response?.id ?? ''
            this.#hidden.add(id)
            half.add(id)
            return response
          })
          for (let n = 0; n < 5; n++) await turn()
          half.delete(id)
          this.#hidden.delete(id)
        }
      })()
    }
  },
  {
    fault: 'leaves the note on a key that somebody is storing there',
    failsAt: 'what a crash cut off can be stored again, changed and deleted',
    create: () => {
      const storing = new Set<string>()
      return new (class extends Base {
        readonly #mine = new Set<string>()
        override async set(key: string, body: Body, complete: Complete) {
          if (storing.has(key) && !this.#mine.has(key)) return
          this.#mine.add(key)
          storing.add(key)
          await Promise.resolve(super.set(key, body, complete)).finally(() => storing.delete(key))
        }
      })()
    }
  },
  {
    fault: 'numbers bodies from one on in each process',
    failsAt: 'what processes store one after another stays apart',
    create: () => {
      const numbers = new Map<string, number>()
      const bodies = new Map<number, Uint8Array>()
      return new (class extends WithBytes {
        #count = 0
        protected change(_key: string, id: string, bytes: Uint8Array) {
          return bodies.get(numbers.get(id) ?? 0)?.slice() ?? bytes
        }
        override async set(key: string, body: Body, complete: Complete) {
          const pieces: Uint8Array[] = []
          await super.set(
            key,
            noted(body, (piece) => pieces.push(piece)),
            () => {
              const response = complete()
              if (response === undefined) return undefined
              numbers.set(response.id, ++this.#count)
              bodies.set(this.#count, Buffer.concat(pieces))
              return response
            }
          )
        }
      })()
    }
  }
]
