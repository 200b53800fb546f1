import type { EpochMilliseconds } from './rules/messages.js'

/** So long it is remembered of a key that its answers are not for everybody who asks at the same time. */
const rememberedMs = 10_000
/** Of so many keys; then the one known longest is forgotten. */
const maxRemembered = 1_000

/** What is known of the answers under a key: not to be shared at all, or only by those alike in these fields. */
export type Apart = 'never' | readonly string[]

/** The requests that are under way and that others may wait for, by what they have in common (COLL-01). */
export class CollapsedRequests<T> {
  readonly #underWay = new Map<string, T>()
  readonly #apart = new Map<string, { readonly apart: Apart; readonly since: EpochMilliseconds }>()
  readonly #clock: () => EpochMilliseconds

  constructor(clock: () => EpochMilliseconds) {
    this.#clock = clock
  }

  get(name: string): T | undefined {
    return this.#underWay.get(name)
  }

  /** From now on others find this one; it may take the place of one that is of no use to newcomers. */
  begin(name: string, request: T): void {
    this.#underWay.set(name, request)
  }

  end(name: string, request: T): void {
    if (this.#underWay.get(name) === request) this.#underWay.delete(name)
  }

  /** What is known of the answers under a key: then nobody waits in vain, one after another. */
  apart(key: string): Apart | undefined {
    if (this.#apart.size === 0) return undefined
    const known = this.#apart.get(key)
    if (known === undefined) return undefined
    const forMs = this.#clock() - known.since
    if (forMs >= 0 && forMs < rememberedMs) return known.apart
    this.#apart.delete(key)
    return undefined
  }

  remember(key: string, apart: Apart): void {
    this.#apart.delete(key)
    this.#apart.set(key, { apart, since: this.#clock() })
    if (this.#apart.size <= maxRemembered) return
    const [oldest] = this.#apart.keys()
    if (oldest !== undefined) this.#apart.delete(oldest)
  }
}
