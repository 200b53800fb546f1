import type { EpochMilliseconds, StoredResponse } from '@cc/core'
import { KEEP, RETIRE, WRITE_BODY } from './body-scripts.js'
import type { Upload } from './body-writing.js'
import { isCluster } from './client.js'
import type { Connection } from './connection.js'
import { isStillGeneration } from './generation.js'
import { OUTLINE, PREPARE, PUT, SHOW, WITHDRAW } from './index-scripts.js'
import type { Keys } from './keys.js'
import { APART, decodeResponse, encodeHead, generationOf, INLINE, isId } from './record.js'

/** How long a body that lost its place stays for those who read it, and how much longer than its metadata it is kept. */
const GRACE_MS = 60_000

/** What a script that places a response answers with. */
type Placed = [outcome: 'stored' | 'later' | 'cleared', gone: string[], tooMuch: string[]]

/** Puts responses in their places. */
export class Places {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #clock: () => EpochMilliseconds

  constructor(connection: Connection, keys: Keys, clock: () => EpochMilliseconds) {
    this.#connection = connection
    this.#keys = keys
    this.#clock = clock
  }

  /** Makes a response visible whose body is there; false if nothing that was sent of it is of use. */
  async put(key: string, response: StoredResponse, generation: Buffer, body: Uint8Array | Upload): Promise<boolean> {
    const isInline = body instanceof Uint8Array
    const head = encodeHead(isInline ? INLINE : APART, response, generation)
    if (head === undefined) return false
    if (isInline) return (await this.#place(key, response, generation, Buffer.concat([head, body]))) === 'stored'
    const bodyKey = this.#keys.body(key, response.id)
    if (!(await body.complete(bodyKey, response.bodyBytes))) return false
    // Until the response has its place the body has a short time to live: if nothing comes of it, it goes by itself.
    const outcome = await this.#place(key, response, generation, head)
    await this.#connection.run((client) =>
      outcome === 'stored' ? client.pexpire(bodyKey, this.#bodyMs(response.dropAt)) : client.unlink(bodyKey)
    )
    return true
  }

  /** Keeps the body of a response, which lies apart, as long as the response; false if it is gone. */
  async keepBody(key: string, { id, dropAt }: StoredResponse): Promise<boolean> {
    const kept = await this.#connection.run((client) =>
      KEEP.runForNumber(client, [this.#keys.body(key, id)], this.#bodyMs(dropAt))
    )
    return kept === 1
  }

  /** Nobody begins to read these bodies any more. */
  async retire(key: string, ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map((id) => this.#connection.run((client) => RETIRE.run(client, [this.#keys.body(key, id)], GRACE_MS)))
    )
  }

  async #place(key: string, { id, slot }: StoredResponse, generation: Buffer, record: Buffer): Promise<Placed[0]> {
    const [outcome, gone, tooMuch] = isCluster(await this.#connection.ready())
      ? await this.#prepareAndShow(key, id, slot, generation, record)
      : await this.#placeAtOnce(key, slot, generation, record)
    // Whoever has found what was there before may still begin to read it.
    await Promise.all(
      gone.map((id) => this.#connection.run((client) => client.pexpire(this.#keys.body(key, id), GRACE_MS)))
    )
    for (const slot of tooMuch) await this.#putApart(key, slot)
    return outcome
  }

  async #placeAtOnce(key: string, slot: string, generation: Buffer, record: Buffer): Promise<Placed> {
    const keys = [this.#keys.index(key), this.#keys.generation]
    const placed = this.#connection.runWith(record.byteLength, (client) =>
      PUT.run(client, keys, generation, this.#clock(), slot, record)
    )
    return (await placed) as Placed
  }

  /**
   * On a cluster the generation is on another node. So the response is put where no reader sees it, but `clear` does, and
   * only then it is asked whether there was one.
   */
  async #prepareAndShow(key: string, id: string, slot: string, generation: Buffer, record: Buffer): Promise<Placed> {
    const index = [this.#keys.index(key)]
    await this.#connection.runWith(record.byteLength, (client) => PREPARE.run(client, index, this.#clock(), id, record))
    if (!(await isStillGeneration(this.#connection, this.#keys, generation))) {
      await this.#connection.run((client) => WITHDRAW.run(client, index, id))
      return ['cleared', [], []]
    }
    return (await this.#connection.run((client) => SHOW.run(client, index, this.#clock(), id, slot))) as Placed
  }

  /** Puts the inline body of a response apart: there is too much under its key to come along with each look-up. */
  async #putApart(key: string, slot: string): Promise<void> {
    const index = this.#keys.index(key)
    const record = await this.#connection.run((client) => client.hgetBuffer(index, slot))
    const read = record === null ? undefined : decodeResponse(record)
    if (read?.body === undefined || record === null || !isId(read.response.id)) return
    const { response, body } = read
    const bodyKey = this.#keys.body(key, response.id)
    const ttl = this.#bodyMs(response.dropAt)
    await this.#connection.runWith(body.byteLength, (client) =>
      WRITE_BODY.run(client, [bodyKey], generationOf(record), ttl, body.byteLength, body)
    )
    const isThere = await this.#connection.run((client) => OUTLINE.runForNumber(client, [index], slot, response.id))
    if (isThere !== 1) await this.#connection.run((client) => client.unlink(bodyKey))
  }

  #bodyMs(dropAt: EpochMilliseconds): number {
    return Math.ceil(Math.max(0, dropAt - this.#clock())) + GRACE_MS
  }
}
