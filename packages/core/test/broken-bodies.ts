import type { Body, ByteRange, Found } from '../src/store.js'
import { Base, type BrokenStore, collect } from './broken-store.js'

const pieceBytes = 65_536

/** A store that has so many handles for what it reads, and takes one with each body. */
abstract class WithHandles extends Base {
  #free = 20

  override async openBody(key: string, id: string, range?: ByteRange): Promise<Body | undefined> {
    const body = await super.openBody(key, id, range)
    if (body === undefined) return undefined
    if (this.#free === 0) throw new Error('EMFILE')
    this.#free--
    const bytes = await collect(body)
    return this.read(bytes, () => {
      this.#free++
    })
  }

  protected abstract read(bytes: Uint8Array, close: () => void): AsyncIterable<Uint8Array>
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.slice(at, at + pieceBytes)
}

export const brokenBodies: readonly BrokenStore[] = [
  {
    fault: 'leaks its handle when a body is given up after its first piece',
    failsAt: 'a body that is given up can be opened again',
    create: () =>
      new (class extends WithHandles {
        async *read(bytes: Uint8Array, close: () => void) {
          yield* piecesOf(bytes)
          close()
        }
      })()
  },
  {
    fault: 'leaks its handle when a body is given up before its first piece',
    failsAt: 'a body that is given up can be opened again',
    create: () =>
      new (class extends WithHandles {
        async *read(bytes: Uint8Array, close: () => void) {
          try {
            yield* piecesOf(bytes)
          } finally {
            close()
          }
        }
      })()
  },
  {
    fault: 'closes the handle of all readers when one gives up',
    failsAt: 'a body that is given up harms no other reader',
    create: () =>
      new (class extends Base {
        #generation = 0
        override async openBody(key: string, id: string, range?: ByteRange): Promise<Body | undefined> {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const pieces = piecesOf(await collect(body))
          const generation = this.#generation
          const next = async () => {
            if (generation !== this.#generation) throw new Error('EBADF')
            return pieces.next()
          }
          const giveUp = async () => {
            this.#generation++
            return { done: true as const, value: undefined }
          }
          return { [Symbol.asyncIterator]: () => ({ next, return: giveUp }) }
        }
      })()
  },
  {
    fault: 'reads on in the new body when the old one was replaced',
    failsAt: 'a reader is not harmed by a replacement',
    create: () =>
      new (class extends Base {
        override async openBody(key: string, id: string, range?: ByteRange): Promise<Body | undefined> {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const { length } = await collect(body)
          const current = async (first: number, last: number) => {
            const now = (await this.get(key)).responses[0]?.response.id ?? id
            const part = (await super.openBody(key, now, { first, last })) ?? []
            return await collect(part)
          }
          const start = range?.first ?? 0
          return (async function* () {
            for (let at = 0; at < length; at += pieceBytes) {
              yield await current(start + at, start + Math.min(at + pieceBytes, length) - 1)
            }
          })()
        }
      })()
  },
  {
    fault: 'lets the oldest bodies ride along',
    failsAt: 'the newest bodies ride along, up to 64 KiB',
    create: () =>
      new (class extends Base {
        override async get(key: string): Promise<Found> {
          const { responses, ...found } = await super.get(key)
          let room = 65_536
          const oldestFirst = [...responses].reverse().map(async ({ response }) => {
            if (response.bodyBytes > room) return { response }
            room -= response.bodyBytes
            return { response, body: await collect((await super.openBody(key, response.id)) ?? []) }
          })
          return { ...found, responses: await Promise.all(oldestFirst) }
        }
      })()
  },
  {
    fault: 'opens a body that it can read once',
    failsAt: 'a body can be read any number of times, also at once',
    create: () =>
      new (class extends Base {
        readonly #read = new Set<string>()
        override async openBody(key: string, id: string, range?: ByteRange) {
          if (this.#read.has(id)) throw new Error('EBADF')
          this.#read.add(id)
          return await super.openBody(key, id, range)
        }
      })()
  }
]
