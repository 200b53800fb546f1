import type { Body, CacheStore, StoredResponse } from '@cc/core'

/**
 * A store elsewhere whose look-ups wait for what has just been given to it. Nobody waits for a response to be stored, and
 * the suite asks again at once: a store in memory has it by then, another one often but not always.
 */
export function readingItsWrites(store: CacheStore): CacheStore {
  const writing = new Map<string, Set<Promise<unknown>>>()
  const wait = (key: string) => Promise.allSettled(writing.get(key) ?? [])

  function note<T>(key: string, write: Promise<T>): Promise<T> {
    const ofKey = writing.get(key) ?? new Set()
    writing.set(key, ofKey.add(write))
    const forget = () => void ofKey.delete(write)
    write.then(forget, forget)
    return write
  }

  /** A body on its way is waited for from its end on: until then there is nothing to find in memory either. */
  async function set(key: string, body: Body, complete: () => StoredResponse | undefined): Promise<void> {
    let ended = () => {}
    const write: Promise<void> = new Promise((resolve) => {
      ended = resolve
    })
    if (body instanceof Uint8Array) note(key, write)
    try {
      await store.set(key, body, () => {
        if (!(body instanceof Uint8Array)) note(key, write)
        return complete()
      })
    } finally {
      ended()
    }
  }

  return {
    contract: 1,
    ...(store.maxEntryBytes !== undefined && { maxEntryBytes: store.maxEntryBytes }),
    get: (key) => wait(key).then(() => store.get(key)),
    openBody: (key, id, range) => store.openBody(key, id, range),
    set,
    update: (key, response) => note(key, Promise.resolve(store.update(key, response))),
    mark: (key, mark) => store.mark(key, mark),
    delete: (key, slot) => note(key, Promise.resolve(store.delete(key, slot))),
    close: () => store.close?.()
  }
}
