import { createHash } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { skipping } from '../body.js'
import { Budget } from '../budget.js'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { combined, fieldMap } from '../rules/fields.js'
import type { StoredResponse } from '../rules/messages.js'
import { FellBehindError, type Seen, SharedBody } from '../shared-body.js'
import type { Exchange } from './exchange.js'
import { responseFields } from './response-fields.js'
import type { Sharable } from './sharable.js'

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Fields that tell what the content is. */
const describing = ['content-type', 'content-encoding', 'content-language', 'content-length', 'etag', 'last-modified']

/**
 * What comes after what a caller has seen of a shared answer: the rest of what was `stored` of it, or else of what the
 * origin answers him.
 */
export async function restOf(
  exchange: Exchange,
  lookup: Lookup,
  stored: StoredResponse | undefined,
  sharable: Sharable | undefined,
  seen: Seen
): Promise<AsyncIterator<Uint8Array>> {
  const { responses, settings } = exchange.cache
  if (stored !== undefined) {
    const body = await responses.openBody(lookup, { stored } as Assessed, new Budget(settings.storeTimeoutMs))
    if (body !== undefined) return skipping(body, seen.bytes)
  }
  if (exchange.caller.ended || sharable === undefined) throw new FellBehindError()
  return askForRest(exchange, sharable.selected.stored, seen)
}

/**
 * Asks the origin once more for an answer of which the caller has seen the beginning, and gives the rest. It rejects unless
 * the new answer is about the same content and begins with the very same bytes: then all that the caller gets is the
 * body of the new one.
 */
function askForRest(exchange: Exchange, stored: StoredResponse, seen: Seen): Promise<AsyncIterator<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const handler = new RestHandler(stored, seen, resolve, reject)
    try {
      exchange.below.dispatch(exchange.asked.opts, handler)
    } catch (error) {
      reject(error)
    }
  })
}

class RestHandler implements Dispatcher.DispatchHandler {
  readonly #stored: StoredResponse
  readonly #seen: Seen
  readonly #resolve: (rest: AsyncIterator<Uint8Array>) => void
  readonly #reject: (error: unknown) => void
  readonly #hash = createHash('sha256')
  #bytes = 0
  #isOver = false
  #rest: SharedBody | undefined

  constructor(
    stored: StoredResponse,
    seen: Seen,
    resolve: (rest: AsyncIterator<Uint8Array>) => void,
    reject: (error: unknown) => void
  ) {
    this.#stored = stored
    this.#seen = seen
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {}

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    if (status < 200) return
    const now = fieldMap(responseFields(headers, controller.rawHeaders ?? null).lines)
    const before = fieldMap(this.#stored.fields)
    const isSame = describing.every((name) => combined(now, name) === combined(before, name))
    if (status !== this.#stored.status || !isSame) controller.abort(new FellBehindError())
    else if (this.#seen.bytes === 0) this.#begin(controller)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#rest !== undefined) return this.#rest.add(chunk)
    const known = chunk.subarray(0, this.#seen.bytes - this.#bytes)
    this.#hash.update(known)
    this.#bytes += known.byteLength
    if (this.#bytes < this.#seen.bytes) return
    if (this.#hash.digest('hex') !== this.#seen.digest) return controller.abort(new FellBehindError())
    this.#begin(controller).add(chunk.subarray(known.byteLength))
  }

  onResponseEnd(): void {
    this.#isOver = true
    if (this.#rest === undefined) this.#reject(new FellBehindError())
    else this.#rest.end(true)
  }

  onResponseError(_controller: Controller, error: unknown): void {
    this.#isOver = true
    if (this.#rest === undefined) this.#reject(error)
    else this.#rest.fail(error)
  }

  /** From here on it is new to the caller, who sets the pace. */
  #begin(controller: Controller): SharedBody {
    const rest = new SharedBody(
      {
        limitBytes: Number.POSITIVE_INFINITY,
        hold: (on) => (on ? controller.pause() : controller.resume()),
        left: () => {
          if (!this.#isOver) controller.abort(new FellBehindError())
        }
      },
      []
    )
    this.#rest = rest
    this.#resolve(rest.readOn(() => Promise.reject(new FellBehindError()))[Symbol.asyncIterator]())
    rest.close()
    return rest
  }
}
