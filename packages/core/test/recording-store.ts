import type { StoredResponse } from '../src/rules/messages.js'
import type { Awaitable, Body, CacheStore, Mark } from '../src/store.js'
import { FaultyStore } from './faulty-store.js'

/** A store that remembers everything it was ever given, whether it kept it or not, as texts; bytes as Latin-1. */
export class RecordingStore extends FaultyStore implements CacheStore {
  readonly given: string[] = []

  override get(key: string) {
    this.given.push(key)
    return super.get(key)
  }

  override openBody(...args: Parameters<CacheStore['openBody']>) {
    this.given.push(JSON.stringify(args))
    return super.openBody(...args)
  }

  override set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    this.given.push(key)
    const noted = () => {
      const response = complete()
      this.given.push(JSON.stringify(response) ?? '')
      return response
    }
    return super.set(key, this.#noted(body), noted)
  }

  override update(key: string, response: StoredResponse): Awaitable<boolean> {
    this.given.push(key, JSON.stringify(response))
    return super.update(key, response)
  }

  override mark(key: string, mark: Mark): Awaitable<void> {
    this.given.push(key, JSON.stringify(mark))
    return super.mark(key, mark)
  }

  override delete(...args: Parameters<CacheStore['delete']>): Awaitable<void> {
    this.given.push(JSON.stringify(args))
    return super.delete(...args)
  }

  #noted(body: Body): Body {
    const note = (bytes: Uint8Array) => {
      this.given.push(Buffer.from(bytes).toString('latin1'))
      return bytes
    }
    if (body instanceof Uint8Array) return note(body)
    if (Array.isArray(body)) return body.map(note)
    return (async function* () {
      for await (const bytes of body) yield note(bytes)
    })()
  }
}
