import type { Dispatcher } from 'undici'
import type { ExchangeTimes, Fields, Response } from '../rules/messages.js'
import type { Head, RawHeaders } from './caller.js'
import { isCut, isHttp2, type Passage } from './network-heads.js'
import { rawFields, responseFields, toHeaders, toRawHeaders } from './response-fields.js'

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** The head of a response from the network: passed on as it came, and read by the rules when they have to. */
export interface NetworkHead extends Head {
  /** The field lines as received. */
  readonly fields: Fields
  /** `Content-Length` where it is one plain number; found without reading the other fields. */
  readonly announcedBytes: number | undefined
  /** Whether it is proven to have come over HTTP/2, which has an end for every body, and Node tells of it (MSG-06). */
  readonly isHttp2: boolean
  /** Whether its body is known to be cut short or pieced together, though it seemed to end well. Told after the end. */
  readonly isBroken: boolean
  /** Whether something below the cache may have kept the body for itself, as undici's `dump` does. */
  readonly mayBeDumped: boolean
}

/** A head as undici's new handlers get it. It is read at once: what is above the cache may change it in place. */
export class ObjectHead implements NetworkHead {
  readonly fields: Fields
  readonly #headers: Headers
  readonly #received: RawHeaders
  readonly #raw: RawHeaders
  readonly #controller: Controller

  constructor(
    readonly status: number,
    readonly statusText: string,
    headers: Headers,
    controller: Controller
  ) {
    const raw = controller.rawHeaders ?? null
    const { lines, isRawFaithful } = responseFields(headers, raw)
    this.fields = lines
    this.#headers = headers
    this.#received = raw
    this.#raw = isRawFaithful ? raw : null
    this.#controller = controller
  }

  get announcedBytes(): number | undefined {
    return plainNumber(this.#headers['content-length'])
  }

  get isHttp2(): boolean {
    return this.#received !== null && isHttp2(this.#received)
  }

  get isBroken(): boolean {
    // Where a retry below fetched the rest, these are the fields of the rest.
    const isPieced = (this.#controller.rawHeaders ?? null) !== this.#received
    return isPieced || (this.#received !== null && isCut(this.#received))
  }

  get mayBeDumped(): boolean {
    return Object.hasOwn(this.#controller, 'abort')
  }

  headers(): Headers {
    return this.#headers
  }

  rawHeaders(): NonNullable<RawHeaders> {
    return this.#raw ?? toRawHeaders(this.fields)
  }
}

/** A head as undici's old handlers get it. The list is copied, for it may be changed in place too; its bytes are not. */
export class RawHead implements NetworkHead {
  readonly #raw: Buffer[]
  readonly #received: readonly unknown[]
  #fields: Fields | undefined
  /** How its body came, where something below has to be reckoned with; set at the end. */
  passage: Passage | undefined

  constructor(
    readonly status: number,
    readonly statusText: string,
    raw: Buffer[]
  ) {
    this.#raw = raw
    this.#received = raw.slice()
  }

  get fields(): Fields {
    this.#fields ??= rawFields(this.#received)
    return this.#fields
  }

  get announcedBytes(): number | undefined {
    const received = this.#received
    for (let i = 0; i + 1 < received.length; i += 2) {
      if (isContentLength(received[i])) return plainNumber(received[i + 1])
    }
    return undefined
  }

  get isHttp2(): boolean {
    return isHttp2(this.#raw)
  }

  get isBroken(): boolean {
    return this.passage?.isPieced === true || isCut(this.#raw)
  }

  get mayBeDumped(): boolean {
    return this.passage?.hadBody === true
  }

  headers(): Headers {
    return toHeaders(this.fields)
  }

  rawHeaders(): Buffer[] {
    return this.#raw
  }
}

/** What a receiver can ask of the network. */
export interface Network {
  /** Holds it back while the receiver cannot take more. */
  hold(on: boolean): void
  /** Ends an exchange whose answer nobody wants any more. */
  cancel(): void
}

/** A final response from the network, as the rules see it. */
export class NetworkResponse implements Response {
  readonly status: number
  readonly statusText: string
  /** The head as the caller gets it. */
  shown: Head

  constructor(
    readonly head: NetworkHead,
    readonly times: ExchangeTimes,
    /** Whether redirects were followed below the cache. */
    readonly redirected: boolean,
    readonly network: Network
  ) {
    this.status = head.status
    this.statusText = head.statusText
    this.shown = head
  }

  get fields(): Fields {
    return this.head.fields
  }
}

const inLowerCase = Buffer.from('content-length')
const inUpperCase = Buffer.from('CONTENT-LENGTH')
const plain = /^\d{1,15}$/
const maxDigits = 15
const zero = 0x30

// By their bytes: to make strings of them takes longer, above all where that was last done a while ago.
function isContentLength(name: unknown): boolean {
  if (!Buffer.isBuffer(name) || name.length !== inLowerCase.length) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== inLowerCase[i] && name[i] !== inUpperCase[i]) return false
  return true
}

function plainNumber(value: unknown): number | undefined {
  if (!Buffer.isBuffer(value)) return typeof value === 'string' && plain.test(value) ? Number(value) : undefined
  if (value.length === 0 || value.length > maxDigits) return undefined
  let number = 0
  for (const byte of value) {
    const digit = byte - zero
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number
}
