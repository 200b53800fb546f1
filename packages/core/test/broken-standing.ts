import type { Body, ByteRange } from '../src/store.js'
import { Base, type BrokenStore, type Complete, collect } from './broken-store.js'

/** A few of something: who comes when all are taken waits. */
class Few {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isMine = true
    return () => {
      if (!isMine) return
      isMine = false
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** A store in which `set` holds one of a few things from its beginning to its end. */
function settingWith(fewFor: (key: string) => Few): Base {
  return new (class extends Base {
    override async set(key: string, body: Body, complete: Complete) {
      const giveBack = await fewFor(key).take()
      try {
        await super.set(key, body, complete)
      } finally {
        giveBack()
      }
    }
  })()
}

function eachKey(): (key: string) => Few {
  const all = new Map<string, Few>()
  return (key) => {
    const few = all.get(key) ?? new Few(1)
    all.set(key, few)
    return few
  }
}

/** `body`, and something to be done when its reader is done with it. */
async function* then(body: Body, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body instanceof Uint8Array ? [body] : body
  } finally {
    done()
  }
}

export const brokenStanding: readonly BrokenStore[] = [
  {
    fault: 'stores one response at a time',
    failsAt: 'a body that stands still holds up nothing under other keys',
    create: () => {
      const few = new Few(1)
      return settingWith(() => few)
    }
  },
  {
    fault: 'stores one response of a key at a time',
    failsAt: 'a body that stands still holds up nothing under its key',
    create: () => settingWith(eachKey())
  },
  {
    fault: 'has ten connections, and keeps one for each body that arrives',
    failsAt: 'many bodies that stand still hold up nothing',
    create: () => {
      const few = new Few(10)
      return settingWith(() => few)
    }
  },
  {
    fault: 'has ten connections, and keeps one for each body that is opened',
    failsAt: 'readers that never begin to read hold up nothing',
    create: () =>
      new (class extends Base {
        readonly #few = new Few(10)
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          return body && then(body, await this.#few.take())
        }
      })()
  },
  {
    fault: 'changes nothing under a key while a body of it is read',
    failsAt: 'readers that stop half-way hold up nothing',
    create: () =>
      new (class extends Base {
        readonly #few = eachKey()
        override async set(key: string, body: Body, complete: Complete) {
          const giveBack = await this.#few(key).take()
          await Promise.resolve(super.set(key, body, complete)).finally(giveBack)
        }
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const bytes = await collect(body)
          const few = this.#few(key)
          const cut = (first: number, last: number) => bytes.slice(first, last)
          return (async function* () {
            const giveBack = await few.take()
            try {
              for (let at = 0; at < bytes.byteLength; at += 65_536) yield cut(at, at + 65_536)
            } finally {
              giveBack()
            }
          })()
        }
      })()
  },
  {
    fault: 'has one cursor, and takes it from who reads slowly',
    failsAt: 'a reader that stood still reads on where it stopped',
    create: () =>
      new (class extends Base {
        #opened = 0
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const mine = ++this.#opened
          const isMine = () => mine === this.#opened
          return (async function* () {
            for await (const piece of body instanceof Uint8Array ? [body] : body) {
              yield piece
              if (!isMine()) throw new Error('EBADF')
            }
          })()
        }
      })()
  },
  {
    fault: 'waits in clear for all that is being stored',
    failsAt: 'a body that stands still does not hold up clear',
    create: () =>
      new (class extends Base {
        readonly #storing = new Set<Promise<void>>()
        override async set(key: string, body: Body, complete: Complete) {
          const set = Promise.resolve(super.set(key, body, complete))
          this.#storing.add(set)
          await set.finally(() => this.#storing.delete(set))
        }
        override async clear() {
          await Promise.allSettled(this.#storing)
          await super.clear()
        }
      })()
  },
  {
    fault: 'compares a body with its limit once it has all of it',
    failsAt: 'a body without an end is let go, and held up nothing meanwhile',
    create: () =>
      new (class extends Base {
        override async set(key: string, body: Body, complete: Complete) {
          let length = 0
          const limit = this.maxEntryBytes ?? 0
          const pieces: Uint8Array[] = []
          for await (const piece of body instanceof Uint8Array ? [body] : body) {
            length += piece.byteLength
            if (length <= limit) pieces.push(piece.slice())
          }
          if (length <= limit) await super.set(key, pieces, complete)
        }
      })()
  },
  {
    fault: 'waits on close for all that is being stored',
    failsAt: 'a store can be closed while bodies stand still',
    create: () =>
      new (class extends Base {
        readonly #storing = new Set<Promise<void>>()
        override async set(key: string, body: Body, complete: Complete) {
          const set = Promise.resolve(super.set(key, body, complete))
          this.#storing.add(set)
          await set.finally(() => this.#storing.delete(set))
        }
        async close() {
          await Promise.allSettled(this.#storing)
        }
      })()
  },
  {
    fault: 'ends the bodies that are being read cleanly when it is closed',
    failsAt: 'a store can be closed while bodies stand still',
    create: () =>
      new (class extends Base {
        #isClosed = false
        override async openBody(key: string, id: string, range?: ByteRange) {
          const body = await super.openBody(key, id, range)
          if (body === undefined) return undefined
          const isClosed = () => this.#isClosed
          return (async function* () {
            for await (const piece of body instanceof Uint8Array ? [body] : body) {
              if (isClosed()) return
              yield piece
            }
          })()
        }
        close() {
          this.#isClosed = true
        }
      })()
  }
]
