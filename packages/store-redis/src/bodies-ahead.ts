import { Recent } from './recent.js'

/** Of what look-ups have led to. */
const RECENT_BYTES = 1_048_576
const EXPECTATION_BYTES = 600
/** After so many bodies that nobody wanted, no more are asked for. */
const MAX_UNWANTED = 2

interface Expectation {
  readonly bodyKey: string
  unwanted: number
}

/**
 * Bodies that were asked for together with the look-up that is expected to lead to them, because the last one did: so a
 * hit of a body that lies apart takes one round trip. One that nobody opens is let go of in the same turn.
 */
export class BodiesAhead<B> {
  readonly #expectations = new Recent<Expectation>(RECENT_BYTES)
  readonly #coming = new Map<string, Promise<B>[]>()

  /** The body that a look-up is expected to lead to. */
  expected(index: string): string | undefined {
    const expectation = this.#expectations.get(index)
    return expectation !== undefined && expectation.unwanted < MAX_UNWANTED ? expectation.bodyKey : undefined
  }

  /** A look-up has led to this body. */
  led(index: string, bodyKey: string): void {
    if (this.#expectations.get(index)?.bodyKey === bodyKey) return
    this.#expectations.set(index, { bodyKey, unwanted: 0 }, EXPECTATION_BYTES)
  }

  /** `body` was asked for together with a look-up, which has its answer once `found` has settled. */
  keep(index: string, bodyKey: string, body: Promise<B>, found: Promise<unknown>): void {
    const coming = this.#coming.get(bodyKey)
    if (coming === undefined) this.#coming.set(bodyKey, [body])
    else coming.push(body)
    // It is heard of by who takes it, if anybody does.
    body.catch(() => {})
    const letGo = () => setImmediate(() => this.#letGo(index, bodyKey, body))
    found.then(letGo, letGo)
  }

  /** One that is coming, which nobody else gets. */
  take(bodyKey: string): Promise<B> | undefined {
    const coming = this.#coming.get(bodyKey)
    const body = coming?.shift()
    if (coming?.length === 0) this.#coming.delete(bodyKey)
    return body
  }

  #letGo(index: string, bodyKey: string, body: Promise<B>): void {
    const coming = this.#coming.get(bodyKey)
    const at = coming?.indexOf(body) ?? -1
    if (coming === undefined || at < 0) return
    coming.splice(at, 1)
    if (coming.length === 0) this.#coming.delete(bodyKey)
    const expectation = this.#expectations.get(index)
    if (expectation?.bodyKey === bodyKey) expectation.unwanted++
  }
}
