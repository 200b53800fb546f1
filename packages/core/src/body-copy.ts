import { PieceDigests } from './piece-digests.js'
import type { Body } from './store.js'

/** All waits for the store together, for one copy. */
const totalWaitMs = 1_000
/** Chunks shorter than that are joined by and by: each takes more than its bytes. */
const smallChunkBytes = 1_024
const maxSmallChunks = 64
const noBytes = new Uint8Array(0)

/** What a finished copy amounts to. */
export interface CopiedBody {
  readonly bodyBytes: number
  readonly digests: readonly string[] | undefined
}

export interface BodyCopyOptions {
  /** Longest body to copy, in bytes. */
  readonly maxBytes: number
  /** How many bytes of its beginning become a copy of their own; the others are held as they are. */
  readonly ownBytes: number
  /** Whether what is held as it is may be handed out: a store in memory does so. */
  readonly shares?: boolean
  /** How much may wait for the store, in bytes. */
  readonly bufferBytes: number
  /** How long one wait for the store may take. */
  readonly waitMs: number
  readonly digests: boolean
  /** Begins to store; called once, with the whole body after its end, or with what is still coming when the buffer is full. */
  readonly store: (body: Body) => void
  /** Stops and restarts what feeds the copy. */
  readonly hold: (on: boolean) => void
}

/**
 * A copy of a body on its way to the caller (MSG-03). Chunks of long bodies are kept, not copied. As long as they fit the buffer nothing
 * is done with them; the store gets them all at once after the end. A longer body streams to the store, and where the
 * store does not keep up the caller waits for it, within limits; past these the copy is dropped.
 */
export class BodyCopy {
  readonly #options: BodyCopyOptions
  readonly #digests: PieceDigests | undefined
  #queue: Uint8Array[] = []
  /** Chunks of the queue before this one have gone to the store. */
  #head = 0
  #queuedBytes = 0
  /** How many chunks at the end of the queue are small. */
  #smallChunks = 0
  #copied: CopiedBody | undefined
  #bytes = 0
  #state: 'gathering' | 'streaming' | 'ended' | 'dropped' = 'gathering'
  /** Whether it ended before any of it went to the store. */
  #wasGathered = false
  /** The store waits for the next chunk. */
  #wanted: { resolve(next: IteratorResult<Uint8Array>): void; reject(error: Error): void } | undefined
  #waitedMs = 0
  #waitingSince = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: BodyCopyOptions) {
    this.#options = options
    this.#digests = options.digests ? new PieceDigests() : undefined
  }

  get dropped(): boolean {
    return this.#state === 'dropped'
  }

  get bytes(): number {
    return this.#bytes
  }

  /** All that was copied, if it is all still here and may be handed out. */
  get kept(): readonly Uint8Array[] | undefined {
    const isHere = this.#state === 'gathering' || this.#wasGathered
    return isHere && (this.#options.shares || this.#bytes <= this.#options.ownBytes) ? this.#queue : undefined
  }

  add(chunk: Uint8Array): void {
    if (this.#state === 'dropped' || chunk.byteLength === 0) return
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#options.maxBytes) return this.drop()
    this.#digests?.add(chunk)
    const own = this.#bytes <= this.#options.ownBytes ? ownCopy(chunk) : chunk
    if (this.#wanted !== undefined) return this.#hand(own)
    this.#queue.push(own)
    this.#queuedBytes += chunk.byteLength
    this.#joinSmall(chunk)
    if (this.#queuedBytes <= this.#options.bufferBytes) return
    if (this.#state === 'gathering') this.#stream()
    if (this.#queuedBytes > this.#options.bufferBytes) this.#wait()
  }

  /** The body ended well. */
  end(): CopiedBody | undefined {
    if (this.#state === 'dropped') return undefined
    this.#stopWaiting()
    const copied = { bodyBytes: this.#bytes, digests: this.#digests?.end() }
    this.#wasGathered = this.#state === 'gathering'
    this.#state = 'ended'
    this.#copied = copied
    if (this.#wasGathered) this.#options.store(this.#queue.length > 1 ? this.#queue : (this.#queue[0] ?? noBytes))
    else this.#wanted?.resolve({ done: true, value: undefined })
    return copied
  }

  /** What was copied, once the body ended well and unless the copy was dropped. */
  get copied(): CopiedBody | undefined {
    return this.#state === 'ended' ? this.#copied : undefined
  }

  /** Gives the copy up; a store that is reading it gets an error. */
  drop(): void {
    if (this.#state === 'dropped') return
    this.#state = 'dropped'
    this.#wasGathered = false
    this.#stopWaiting()
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    this.#wanted?.reject(new CopyDroppedError())
    this.#wanted = undefined
  }

  #stream(): void {
    this.#state = 'streaming'
    this.#options.store({ [Symbol.asyncIterator]: () => this.#iterator() })
  }

  #iterator(): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#take(),
      return: async () => {
        if (this.#state === 'streaming') this.drop()
        return { done: true, value: undefined }
      }
    }
  }

  #take(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state === 'dropped') return Promise.reject(new CopyDroppedError())
    const chunk = this.#queue[this.#head]
    if (chunk !== undefined) {
      this.#queue[this.#head++] = noBytes
      if (this.#head === this.#queue.length) {
        this.#queue = []
        this.#head = 0
      }
      this.#queuedBytes -= chunk.byteLength
      if (this.#queuedBytes <= this.#options.bufferBytes) this.#stopWaiting()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#wanted = { resolve, reject }
    })
  }

  #joinSmall({ byteLength }: Uint8Array): void {
    this.#smallChunks = byteLength < smallChunkBytes ? this.#smallChunks + 1 : 0
    if (this.#smallChunks < maxSmallChunks) return
    const small = this.#queue.splice(Math.max(this.#head, this.#queue.length - maxSmallChunks))
    const joined = Buffer.concat(small)
    this.#queue.push(joined)
    this.#smallChunks = joined.byteLength < smallChunkBytes ? 1 : 0
  }

  #hand(chunk: Uint8Array): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.resolve({ done: false, value: chunk })
  }

  #wait(): void {
    if (this.#timer !== undefined) return
    const limitMs = Math.min(this.#options.waitMs, totalWaitMs - this.#waitedMs)
    if (limitMs <= 0) return this.drop()
    this.#waitingSince = performance.now()
    this.#timer = setTimeout(() => this.drop(), limitMs)
    this.#options.hold(true)
  }

  #stopWaiting(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waitedMs += performance.now() - this.#waitingSince
    this.#options.hold(false)
  }
}

function ownCopy(chunk: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafe(chunk.byteLength)
  copy.set(chunk)
  return copy
}

/** The copy of a body was given up; what the store has of it is to be thrown away. */
export class CopyDroppedError extends Error {
  override readonly name = 'CopyDroppedError'
  readonly code = 'CC_COPY_DROPPED'

  constructor() {
    super('the response was not completed; drop what was stored of it')
  }
}
