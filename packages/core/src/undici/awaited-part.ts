import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'
import type { Storing } from './relay.js'

/** So many bytes may wait for the caller until the network has to. */
const bufferedBytes = 262_144

/** A body of known length from the network, as it is read, while a copy may go to the store. An end before its time is an error. */
export class AwaitedPart implements Receiver, AsyncIterable<Uint8Array> {
  readonly #response: NetworkResponse
  readonly #expectedBytes: number
  readonly #storing: Storing
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #waitingBytes = 0
  #outcome: 'coming' | 'ended' | 'failed' | 'unwanted' = 'coming'
  #error: unknown
  #wake: () => void = () => {}

  constructor(response: NetworkResponse, expectedBytes: number, storing: Storing) {
    this.#response = response
    this.#expectedBytes = expectedBytes
    this.#storing = storing
  }

  begin(): void {}

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    this.#storing.copy?.add(chunk)
    if (this.#outcome !== 'coming') return
    if (this.#bytes > this.#expectedBytes) return this.#over('failed', otherLength())
    this.#chunks.push(chunk)
    this.#waitingBytes += chunk.byteLength
    if (this.#waitingBytes > bufferedBytes) this.#response.network.hold(true)
    this.#wake()
  }

  end(): void {
    this.#storing.ended(true, this.#bytes)
    const isWhole = this.#bytes === this.#expectedBytes && !this.#response.head.isBroken
    this.#over(isWhole ? 'ended' : 'failed', isWhole ? undefined : otherLength())
  }

  fail(error: unknown): void {
    this.#storing.ended(false, this.#bytes)
    this.#over('failed', error)
  }

  /** Lets go of it, be it before the first byte was read. */
  letGo(): void {
    if (this.#outcome !== 'coming') return
    this.#outcome = 'unwanted'
    this.#chunks.length = 0
    this.#response.network.hold(false)
    this.#response.network.cancel()
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.byteLength
        if (this.#waitingBytes <= bufferedBytes) this.#response.network.hold(false)
        yield chunk
      } else if (this.#outcome === 'failed') throw this.#error
      else if (this.#outcome !== 'coming') return
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #over(outcome: 'ended' | 'failed', error: unknown): void {
    if (this.#outcome !== 'coming') return
    this.#outcome = outcome
    this.#error = error
    this.#wake()
  }
}

function otherLength(): Error {
  return new Error('the missing part has another length than its Content-Range says')
}
