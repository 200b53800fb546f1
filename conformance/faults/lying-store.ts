import type { Awaitable, Body, ByteRange, CacheStore, Found, Mark, StoredResponse } from '@cc/core'

export type Operation = 'get' | 'openBody' | 'set' | 'update' | 'mark' | 'delete'

export const operations: readonly Operation[] = ['get', 'openBody', 'set', 'update', 'mark', 'delete']

/** One call of an operation, as the one who lies about it sees it. */
export interface Call<Answer = unknown> {
  /** Does what was asked. */
  readonly sound: () => Awaitable<Answer>
  /** Resolves when whoever caused the call has his answer. */
  readonly tooLate: Promise<void>
  readonly store: CacheStore
  readonly args: readonly unknown[]
}

/** What is answered, or done, in place of what should be. */
export type Lie = (call: Call) => unknown

/** A way in which one operation of a store does not do what it should. */
export interface StoreLie {
  readonly operation: Operation
  readonly way: string
  readonly lie: Lie
  /**
   * Not found out in a store that keeps objects: its objects and bytes are taken for what they were, unchecked
   * (`keepsObjects` in the contract of stores).
   */
  readonly onlyElsewhere?: true
  /** It can show when some of the body has gone out already: then the request may end in an error. */
  readonly mayBreakOff?: true
}

/** A good store that lies about one of its operations: at the first call, or at every one. */
export class LyingStore implements CacheStore {
  readonly contract = 1
  readonly keepsObjects?: true
  readonly sharesBodies?: true
  readonly maxEntryBytes?: number
  /** How often each operation was called. */
  readonly calls: Record<Operation, number> = { get: 0, openBody: 0, set: 0, update: 0, mark: 0, delete: 0 }
  lies = 0
  /** Bodies that were handed out and neither read to their end nor let go of. */
  held = 0
  readonly #good: CacheStore
  readonly #lie: StoreLie | undefined
  readonly #onlyFirst: boolean
  #tooLate = newGate()
  #free: ReturnType<typeof newGate> | undefined

  constructor(good: CacheStore, lie?: StoreLie, onlyFirst = false) {
    this.#good = good
    this.#lie = lie
    this.#onlyFirst = onlyFirst
    if (good.keepsObjects) this.keepsObjects = true
    if (good.sharesBodies) this.sharesBodies = true
    if (good.maxEntryBytes !== undefined) this.maxEntryBytes = good.maxEntryBytes
  }

  /** Whoever asked has his answer: what was held back until it is of no use goes on now. */
  answered(): void {
    this.#tooLate.open()
    this.#tooLate = newGate()
  }

  /** Nobody will ask any more: nothing is held back. */
  over(): void {
    this.#tooLate.open()
  }

  /** Resolves when no body is held. */
  async letGo(): Promise<void> {
    if (this.held === 0) return
    this.#free ??= newGate()
    await this.#free.opened
  }

  get(key: string): Awaitable<Found> {
    return this.#run('get', () => this.#good.get(key), key)
  }

  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    const opened = this.#run('openBody', () => this.#good.openBody(key, id, range), key, id)
    return opened instanceof Promise ? opened.then((body) => this.#watched(body)) : this.#watched(opened)
  }

  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    return this.#run('set', () => this.#good.set(key, body, complete), key, body, complete)
  }

  update(key: string, response: StoredResponse): Awaitable<boolean> {
    return this.#run('update', () => this.#good.update(key, response), key, response)
  }

  mark(key: string, mark: Mark): Awaitable<void> {
    return this.#run('mark', () => this.#good.mark(key, mark), key, mark)
  }

  delete(key: string, slot?: string): Awaitable<void> {
    return this.#run('delete', () => this.#good.delete(key, slot), key, slot)
  }

  /** Counts a body that has to be let go of until it is, or has ended. */
  #watched(body: Body | undefined): Body | undefined {
    if (!isAsyncBody(body)) return body
    this.held++
    let isHeld = true
    const letGo = () => {
      if (isHeld) this.held--
      isHeld = false
      if (this.held === 0) this.#free?.open()
    }
    const iterate = () => {
      let iterator: AsyncIterator<Uint8Array>
      try {
        iterator = body[Symbol.asyncIterator]()
        if (typeof iterator.next !== 'function') letGo()
      } catch (error) {
        letGo()
        throw error
      }
      return {
        next: async () => {
          try {
            const next = await iterator.next()
            if (next === null || next.done) letGo()
            return next
          } catch (error) {
            letGo()
            throw error
          }
        },
        return: async () => {
          letGo()
          return (await iterator.return?.()) ?? { done: true as const, value: undefined }
        }
      }
    }
    return { [Symbol.asyncIterator]: iterate }
  }

  #run<T>(operation: Operation, sound: () => Awaitable<T>, ...args: unknown[]): Awaitable<T> {
    const isFirst = this.calls[operation]++ === 0
    if (operation !== this.#lie?.operation || (this.#onlyFirst && !isFirst)) return sound()
    this.lies++
    return this.#lie.lie({ sound, tooLate: this.#tooLate.opened, store: this.#good, args }) as Awaitable<T>
  }
}

function isAsyncBody(value: unknown): value is AsyncIterable<Uint8Array> {
  try {
    return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  } catch {
    return false
  }
}

function newGate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
