import type { Found, FoundResponse, Mark, StoredResponse } from '@cc/core'
import { joined, type KeptBody, SMALL_BYTES } from './body.js'
import { ENTRY_BYTES, metadataBytes, plainBytes, RESPONSE_BYTES, stringBytes } from './byte-count.js'

/** A stored response with its body and the bytes that both take. */
export interface KeptResponse {
  readonly response: StoredResponse
  readonly body: KeptBody
  readonly bytes: number
}

export function keepResponse(response: StoredResponse, body: KeptBody): KeptResponse {
  const bytes = RESPONSE_BYTES + metadataBytes(response) + body.heldBytes
  return { response, body, bytes }
}

/** What is kept under one key. */
export class Entry {
  readonly key: string
  // By slot; the one stored least recently comes first.
  readonly #responses = new Map<string, KeptResponse>()
  #mark: Mark | undefined
  #bytes: number
  #found: Found | undefined

  constructor(key: string) {
    this.key = key
    this.#bytes = ENTRY_BYTES + stringBytes(key)
  }

  /** All that this entry takes, its key and bookkeeping included. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many responses. */
  get size(): number {
    return this.#responses.size
  }

  get isEmpty(): boolean {
    return this.#responses.size === 0 && this.#mark === undefined
  }

  get mark(): Mark | undefined {
    return this.#mark
  }

  set mark(mark: Mark) {
    if (this.#mark !== undefined) this.#bytes -= plainBytes(this.#mark)
    this.#bytes += plainBytes(mark)
    this.#mark = mark
    this.#found = undefined
  }

  /** What `get` returns: made once, until something changes. */
  get found(): Found {
    this.#found ??= found([...this.#responses.values()], this.#mark)
    return this.#found
  }

  inSlot(slot: string): KeptResponse | undefined {
    return this.#responses.get(slot)
  }

  withId(id: string): KeptResponse | undefined {
    for (const kept of this.#responses.values()) if (kept.response.id === id) return kept
    return undefined
  }

  /** Whether this entry could hold `kept` alone, without its other responses, in `maxBytes`. */
  hasRoomFor(kept: KeptResponse, maxBytes: number): boolean {
    let bytes = this.#bytes + kept.bytes
    for (const other of this.#responses.values()) bytes -= other.bytes
    return bytes <= maxBytes
  }

  /** All it would take with `kept`, once the responses stored before have gone that have to for these bounds. */
  bytesWith(kept: KeptResponse, maxBytes: number, maxResponses: number): number {
    const replaced = this.#responses.get(kept.response.slot)
    let bytes = this.#bytes + kept.bytes - (replaced?.bytes ?? 0)
    let size = this.size + (replaced === undefined ? 1 : 0)
    for (const other of this.#responses.values()) {
      if (bytes <= maxBytes && size <= maxResponses) break
      if (other === replaced) continue
      bytes -= other.bytes
      size--
    }
    return bytes
  }

  put(kept: KeptResponse): void {
    this.remove(kept.response.slot)
    this.#responses.set(kept.response.slot, kept)
    this.#bytes += kept.bytes
    this.#found = undefined
  }

  remove(slot: string): void {
    const kept = this.#responses.get(slot)
    if (kept === undefined) return
    this.#responses.delete(slot)
    this.#bytes -= kept.bytes
    this.#found = undefined
  }

  removeAll(): void {
    for (const slot of [...this.#responses.keys()]) this.remove(slot)
  }

  /** Keeps a body that came in several pieces as one from now on: it is read again and again, and stored once. */
  joinBody(kept: KeptResponse): Uint8Array {
    const body = joined(kept.body)
    const whole = { ...kept, body, bytes: kept.bytes - kept.body.heldBytes + body.heldBytes }
    this.#responses.set(kept.response.slot, whole)
    this.#bytes += whole.bytes - kept.bytes
    return body.content
  }

  /** Removes the response stored least recently. */
  removeOldest(): void {
    const { value: oldest } = this.#responses.keys().next()
    if (oldest !== undefined) this.remove(oldest)
  }
}

function found(kept: KeptResponse[], mark: Mark | undefined): Found {
  let room = SMALL_BYTES
  const responses = kept
    .sort((a, b) => b.response.responseTime - a.response.responseTime)
    .map(({ response, body }): FoundResponse => {
      const { content } = body
      if (!(content instanceof Uint8Array) || content.byteLength > room) return Object.freeze({ response })
      room -= content.byteLength
      return Object.freeze({ response, body: content })
    })
  Object.freeze(responses)
  return Object.freeze(mark === undefined ? { responses } : { responses, mark })
}
