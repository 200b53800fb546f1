import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, CacheStore } from '../src/store.js'
import { MapStore, type MapStoreOptions } from './map-store.js'

export type Complete = () => StoredResponse | undefined

/** A store with one fault, and the case that must find it, or the cases. */
export interface BrokenStore {
  readonly fault: string
  readonly failsAt: string | readonly string[]
  readonly create: () => CacheStore
}

export function casesThatFind({ failsAt }: BrokenStore): readonly string[] {
  return typeof failsAt === 'string' ? [failsAt] : failsAt
}

/** Bodies longer than the limit are to be found out too. */
export class Base extends MapStore {
  constructor(options: MapStoreOptions = {}, other?: MapStore) {
    super({ maxEntryBytes: 2 ** 21, ...options }, other)
  }
}

/** Another store with the same fault on what `store` keeps: all that it had in memory only is gone. */
export function reopened(store: CacheStore): CacheStore {
  return new (store.constructor as typeof Base)({}, store as Base)
}

export async function collect(body: Body): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece.slice())
  return new Uint8Array(Buffer.concat(pieces))
}
