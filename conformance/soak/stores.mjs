// Stores that fail in a tenth of what they are asked.
import { DictStore } from '@cc/store-dict'
import { pick } from './random.mjs'

/** A store elsewhere, as core sees it: metadata by way of JSON, bodies in pieces, each answer a promise. Bounded. */
export class ElsewhereStore {
  contract = 1
  #kept

  constructor(options) {
    this.#kept = new DictStore(options)
  }

  get bytes() {
    return this.#kept.bytes
  }

  async get(key) {
    const { responses, mark } = this.#kept.get(key)
    const copies = responses.map(({ response, body }) => ({
      response: JSON.parse(JSON.stringify(response)),
      ...(body !== undefined && { body: body.slice() })
    }))
    return mark === undefined ? { responses: copies } : { responses: copies, mark: { ...mark } }
  }

  async openBody(key, id) {
    const body = this.#kept.openBody(key, id)
    return body && copiesOf(body instanceof Uint8Array ? pieces(body) : body)
  }

  async set(key, body, complete) {
    await this.#kept.set(key, body, complete)
  }

  async update(key, response) {
    return this.#kept.update(key, response)
  }

  async mark(key, mark) {
    this.#kept.mark(key, mark)
  }

  async delete(key, slot) {
    this.#kept.delete(key, slot)
  }
}

async function* copiesOf(body) {
  for await (const piece of body) yield Buffer.from(piece)
}

async function* pieces(bytes, size = 65_536) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** The same store, failing. Invalidations fail openly only: nothing could make up for one that is pretended. */
export class FailingStore {
  contract = 1
  /** How often it failed, by what it did. */
  failures = {}
  #store
  #random
  #share
  #lies
  #unanswered = []

  constructor(store, random, { share, lies }) {
    this.#store = store
    this.#random = random
    this.#share = share
    this.#lies = lies
    if (store.keepsObjects) this.keepsObjects = true
    if (store.maxEntryBytes !== undefined) this.maxEntryBytes = store.maxEntryBytes
  }

  get(key) {
    return this.#run('get', () => this.#store.get(key), this.#damagedFound)
  }

  openBody(key, id, range) {
    return this.#run('openBody', () => this.#store.openBody(key, id, range), this.#damagedBody)
  }

  set(key, body, complete) {
    const cutShort = () => this.#store.set(key, firstPiece(body), complete)
    return this.#run('set', () => this.#store.set(key, body, complete), this.#random() < 0.5 ? cutShort : () => {})
  }

  update(key, response) {
    return this.#run(
      'update',
      () => this.#store.update(key, response),
      () => 'true'
    )
  }

  mark(key, mark) {
    return this.#run('mark', () => this.#store.mark(key, mark), undefined)
  }

  delete(key, slot) {
    return this.#run(
      'delete',
      () => this.#store.delete(key, slot),
      () => {}
    )
  }

  /** Answers what was not answered so far. */
  answerLate() {
    for (const answer of this.#unanswered.splice(0)) answer()
  }

  #run(operation, sound, lie) {
    if (this.#random() >= this.#share) return sound()
    const canLie = this.#lies && lie !== undefined
    const how = pick(this.#random, { throws: 2, rejects: 2, hangs: 1, 'acts and hangs': 1, lies: canLie ? 4 : 0 })
    const name = `${operation} ${how}`
    this.failures[name] = (this.failures[name] ?? 0) + 1
    const failure = new Error(`the store ${name}`)
    switch (how) {
      case 'throws':
        throw failure
      case 'rejects':
        return Promise.reject(failure)
      case 'hangs':
        return new Promise((_resolve, reject) => this.#unanswered.push(() => reject(failure)))
      case 'acts and hangs':
        return Promise.resolve(sound()).then(
          (value) => new Promise((resolve) => this.#unanswered.push(() => resolve(value)))
        )
      default:
        return lie(sound)
    }
  }

  #damagedFound = async (sound) => {
    const found = await sound()
    const how = Math.floor(this.#random() * 9)
    if (how === 0) return null
    if (how === 1) return {}
    if (how === 2) return { ...found, responses: [{}, null, { response: 7 }] }
    const damage = {
      3: ({ response, body }) => ({ response, ...(body && { body: flipped(body) }) }),
      4: ({ response, body }) => ({ response, ...(body && { body: body.subarray(1) }) }),
      5: ({ response, body }) => ({ response: { ...response, key: `${response.key}0` }, body }),
      6: ({ response, body }) => ({ response: { ...response, status: '200' }, body }),
      7: ({ response, body }) => ({ response: { ...response, bodyBytes: response.bodyBytes + 1 }, body }),
      8: ({ response, body }) => ({ response: { ...response, fields: [['X', 'a\r\nb']] }, body })
    }[how]
    return { ...found, responses: found.responses.map(damage) }
  }

  #damagedBody = async (sound) => {
    const body = await sound()
    if (body === undefined) return 7
    const how = Math.floor(this.#random() * 4)
    const bytes = await collect(body)
    if (how === 0) return pieces(flipped(bytes))
    if (how === 1) return pieces(bytes.subarray(0, this.#random() * bytes.byteLength))
    if (how === 2) return pieces(Buffer.concat([bytes, bytes]))
    return this.#stalling(bytes)
  }

  async *#stalling(bytes) {
    yield bytes.subarray(0, bytes.byteLength >> 1)
    await new Promise((resolve) => this.#unanswered.push(resolve))
    yield bytes.subarray(bytes.byteLength >> 1)
  }
}

async function collect(body) {
  const pieces = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

function flipped(bytes) {
  const copy = Buffer.from(bytes)
  if (copy.byteLength > 0) copy[copy.byteLength >> 1] ^= 1
  return copy
}

function firstPiece(body) {
  if (body instanceof Uint8Array) return body.subarray(0, body.byteLength >> 1)
  return (async function* () {
    for await (const piece of body) {
      yield piece
      return
    }
  })()
}
