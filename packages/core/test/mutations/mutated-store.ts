import type { StoredResponse } from '../../src/rules/messages.js'
import type { Awaitable, Body, CacheStore, Found } from '../../src/store.js'

/** A store elsewhere that hands back whatever it is told to, at once, and keeps nothing. */
export class MutatedStore implements CacheStore {
  readonly contract = 1
  readonly #found: () => unknown
  readonly #bodies: ReadonlyMap<string, Body>

  /** `bodies` are those that do not ride along, by id. */
  constructor(found: () => unknown, bodies: ReadonlyMap<string, Body>) {
    this.#found = found
    this.#bodies = bodies
  }

  get(): Awaitable<Found> {
    return this.#found() as Found
  }

  openBody(_key: string, id: string): Awaitable<Body | undefined> {
    return this.#bodies.get(id)
  }

  set(): Awaitable<void> {}

  update(_key: string, _response: StoredResponse): Awaitable<boolean> {
    return true
  }

  mark(): Awaitable<void> {}

  delete(): Awaitable<void> {}
}
