import { randomBytes } from 'node:crypto'
import { CLEAR_BODY } from './body-scripts.js'
import { isCluster } from './client.js'
import type { Connection } from './connection.js'
import { CLEAR_INDEX, IS_GENERATION } from './index-scripts.js'
import type { Keys } from './keys.js'
import { GENERATION_BYTES } from './record.js'
import { scan } from './scanning.js'

/** A copy that takes longer is not stored by the cache; later, nobody asks which generation it was begun in. */
const GENERATION_MS = 7_200_000
/**
 * Keys may move from a node that is still to be scanned to one that was. So all of a cluster is gone through twice at
 * least, which finds whatever moves once, and until nothing is found, but no more often than this.
 */
const MIN_PASSES = 2
const MAX_PASSES = 10
const FIRST = Buffer.alloc(GENERATION_BYTES)

/** Which generation of the store it is: what was begun in an earlier one is from before a `clear()`. */
export async function readGeneration(connection: Connection, keys: Keys): Promise<Buffer> {
  const generation = await connection.run((client) => client.getBuffer(keys.generation))
  return generation?.byteLength === GENERATION_BYTES ? generation : FIRST
}

/** Whether it is this one. Asked by a script, which no replica answers, as it may answer what only reads. */
export async function isStillGeneration(connection: Connection, keys: Keys, generation: Buffer): Promise<boolean> {
  return (await connection.run((client) => IS_GENERATION.runForNumber(client, [keys.generation], generation))) === 1
}

/** Removes all responses that were begun before, while readers and writers go on. Marks stay. */
export async function clear(connection: Connection, keys: Keys, clock: () => number): Promise<void> {
  const generation = randomBytes(GENERATION_BYTES)
  await connection.run((client) => client.set(keys.generation, generation, 'PX', GENERATION_MS))
  const onCluster = isCluster(await connection.ready())
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    let removed = 0
    for await (const batch of scan(connection, keys)) {
      const counts = await Promise.all(
        batch.map(({ name, kind }) =>
          connection.run((client) =>
            kind === 'index'
              ? CLEAR_INDEX.runForNumber(client, [name], generation, clock())
              : CLEAR_BODY.runForNumber(client, [name], generation)
          )
        )
      )
      for (const count of counts) removed += count
    }
    if (!onCluster || (removed === 0 && pass >= MIN_PASSES)) return
  }
}
