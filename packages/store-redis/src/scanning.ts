import { isCluster, type RedisClient, type RedisNode } from './client.js'
import type { Connection } from './connection.js'
import type { KeyKind, Keys } from './keys.js'

/** About so many keys are looked at in one step, and so many commands are under way for them. */
const BATCH_KEYS = 250

/** Keys of this store, as they are named for the client. */
export type Batch = readonly { readonly name: string; readonly kind: KeyKind }[]

/** All keys of the store that are there from the beginning to the end, on every master, in batches. */
export async function* scan(connection: Connection, keys: Keys): AsyncGenerator<Batch> {
  const client = await connection.ready()
  const clientPrefix = String(client.options.keyPrefix ?? '')
  const pattern = keys.pattern(clientPrefix)
  for (const node of nodesOf(client)) {
    let cursor: string | undefined = '0'
    while (cursor !== undefined) {
      const { stream } = node
      const at: string = cursor
      const [next, names] = await connection.run(() => node.scan(at, 'MATCH', pattern, 'COUNT', BATCH_KEYS))
      const batch = names.flatMap((fullName) => {
        const name = fullName.slice(clientPrefix.length)
        const kind = keys.kindOf(name)
        return kind === undefined ? [] : [{ name, kind }]
      })
      if (batch.length > 0) yield batch
      // At the other end there may be another server now, to which a cursor of the one before says nothing.
      if (node.stream !== stream) cursor = '0'
      else cursor = String(next) === '0' ? undefined : String(next)
    }
  }
}

function nodesOf(client: RedisClient): readonly RedisNode[] {
  return isCluster(client) ? client.nodes('master') : [client as RedisNode]
}
