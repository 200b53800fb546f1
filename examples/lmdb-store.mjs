// A store of one's own, on LMDB: an embedded database that any number of processes share.
import { createHash } from 'node:crypto'
import { open } from 'lmdb'

const nameOf = (key) => createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex')

/** @implements {import('@cc/core').CacheStore} */
export class LmdbStore {
  contract = 1
  maxEntryBytes = 4 * 1024 ** 2 // a body is one value, also where a range of it is read: so bodies are not long
  #maxBytes
  #root
  #entries // name of a key → its key and responses
  #bodies // name of a key and id → bytes
  #marks // name of a key → mark
  #counts

  constructor(path, { maxBytes = 256 * 1024 ** 2 } = {}) {
    this.#maxBytes = maxBytes
    this.#root = open({ path, mapSize: 4 * maxBytes })
    this.#entries = this.#root.openDB('entries', { encoding: 'json' })
    this.#bodies = this.#root.openDB('bodies', { encoding: 'binary' })
    this.#marks = this.#root.openDB('marks', { encoding: 'json' })
    this.#counts = this.#root.openDB('counts', { encoding: 'json' })
  }

  get(key) {
    const name = nameOf(key)
    const newestFirst = this.#responses(name).sort((a, b) => b.responseTime - a.responseTime)
    let room = 65_536
    const responses = newestFirst.map((response) => {
      room -= response.bodyBytes
      return room < 0 ? { response } : { response, body: this.#bodies.get(`${name} ${response.id}`) }
    })
    return { responses, mark: this.#marks.get(name) }
  }

  openBody(key, id, range) {
    const body = this.#bodies.get(`${nameOf(key)} ${id}`)
    return range && body ? body.subarray(range.first, range.last + 1) : body
  }

  async set(key, body, complete) {
    const chunks = []
    let length = 0
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      length += chunk.byteLength
      if (length > this.maxEntryBytes) return
      chunks.push(chunk)
    }
    const response = complete()
    const name = nameOf(key)
    if (response === undefined) return
    this.#root.transactionSync(() => {
      const there = this.#responses(name).find(({ slot }) => slot === response.slot)
      if (there?.requestTime > response.requestTime) return
      if (there !== undefined) this.#drop(name, there)
      this.#bodies.putSync(`${name} ${response.id}`, Buffer.concat(chunks))
      this.#write(name, key, [...this.#responses(name), response], length)
      this.#makeRoom(name)
    })
  }

  update(key, response) {
    const name = nameOf(key)
    return this.#root.transactionSync(() => {
      const responses = this.#responses(name)
      const at = responses.findIndex(({ slot, id }) => slot === response.slot && id === response.id)
      if (at >= 0) this.#write(name, key, responses.with(at, response), 0)
      return at >= 0
    })
  }

  mark(key, mark) {
    this.#marks.putSync(nameOf(key), mark)
  }

  delete(key, slot) {
    const name = nameOf(key)
    this.#root.transactionSync(() => {
      for (const one of this.#responses(name)) if (slot === undefined || one.slot === slot) this.#drop(name, one)
    })
  }

  async *keys() {
    yield* Array.from(this.#entries.getRange(), ({ value }) => value.key)
  }

  close() {
    return this.#root.close()
  }

  #responses(name) {
    return this.#entries.get(name)?.responses ?? []
  }

  #write(name, key, responses, addedBytes) {
    if (responses.length === 0) this.#entries.removeSync(name)
    else this.#entries.putSync(name, { key, responses })
    this.#counts.putSync('bytes', (this.#counts.get('bytes') ?? 0) + addedBytes)
  }

  #drop(name, { slot, id, bodyBytes }) {
    const { key, responses } = this.#entries.get(name)
    const others = responses.filter((one) => one.slot !== slot)
    this.#bodies.removeSync(`${name} ${id}`)
    this.#write(name, key, others, -bodyBytes)
  }

  /** Names are hashes: the one behind that just stored is as good as drawn by lot. */
  #makeRoom(stored) {
    while (this.#counts.get('bytes') > this.#maxBytes) {
      const after = [...this.#entries.getKeys({ start: `${stored}.`, limit: 1 })]
      const [name = stored] = [...after, ...this.#entries.getKeys({ limit: 1 })]
      if (name === stored) return
      for (const one of this.#responses(name)) this.#drop(name, one)
    }
  }
}
