import { afterEach } from '@jest/globals'
import type { StoredResponse } from '../src/rules/messages.js'
import type { Awaitable, Body, CacheStore, Found, Mark } from '../src/store.js'
import { MapStore } from './map-store.js'

/** What a {@link FaultyStore} does instead of what it should, by operation; each gets what the sound store would do. */
export interface Faults {
  get?: (sound: () => Awaitable<Found>, key: string) => unknown
  openBody?: (sound: () => Awaitable<Body | undefined>) => unknown
  set?: (sound: () => Awaitable<void>, body: Body, complete: () => StoredResponse | undefined) => unknown
  update?: (sound: () => Awaitable<boolean>) => unknown
  mark?: (sound: () => Awaitable<void>) => unknown
  delete?: (sound: () => Awaitable<void>) => unknown
}

export type Operation = keyof Faults

export const operations: readonly Operation[] = ['get', 'openBody', 'set', 'update', 'mark', 'delete']

/** A store that is sound until faults are set, and again when they are taken away. */
export class FaultyStore extends MapStore implements CacheStore {
  faults: Faults = {}
  /** Operations in the order they were called. */
  readonly calls: Operation[] = []

  override get(key: string): Awaitable<Found> {
    return this.#run('get', () => super.get(key), key)
  }

  override openBody(...args: Parameters<CacheStore['openBody']>): Awaitable<Body | undefined> {
    return this.#run('openBody', () => super.openBody(...args))
  }

  override set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    return this.#run('set', () => super.set(key, body, complete), body, complete)
  }

  override update(key: string, response: StoredResponse): Awaitable<boolean> {
    return this.#run('update', () => super.update(key, response))
  }

  override mark(key: string, mark: Mark): Awaitable<void> {
    return this.#run('mark', () => super.mark(key, mark))
  }

  override delete(key: string, slot?: string): Awaitable<void> {
    return this.#run('delete', () => super.delete(key, slot))
  }

  #run<T>(operation: Operation, sound: () => Awaitable<T>, ...args: unknown[]): Awaitable<T> {
    this.calls.push(operation)
    const fault = this.faults[operation] as ((sound: () => Awaitable<T>, ...args: unknown[]) => unknown) | undefined
    return fault === undefined ? sound() : (fault(sound, ...args) as Awaitable<T>)
  }
}

/** Something to wait for that is opened from outside. */
export class Gate {
  readonly opened: Promise<void>
  open = () => {}

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve
    })
  }
}

let endOfTest = new Gate()

afterEach(() => {
  endOfTest.open()
  endOfTest = new Gate()
})

/** What does not settle as long as the test runs. */
export function never(): Promise<undefined> {
  return endOfTest.opened as Promise<undefined>
}
