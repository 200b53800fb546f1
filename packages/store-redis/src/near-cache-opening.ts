import type { Connection } from './connection.js'
import type { Keys } from './keys.js'
import { NearCache } from './near-cache.js'
import { Tracking } from './tracking.js'
import type { TrackedClient } from './tracking-servers.js'

/** A near cache of what a connection reads. It listens once the first look-up was made. */
export function openNearCache(maxBytes: number, connection: Connection, keys: Keys): NearCache {
  // Its options were checked: it can make connections like its own.
  const client = async () => (await connection.ready()) as unknown as TrackedClient
  return new NearCache(maxBytes, new Tracking(client, keys.tagged))
}
