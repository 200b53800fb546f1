import { whenReady } from './awaitable.js'
import type { CopiedBody } from './body-copy.js'
import { Budget } from './budget.js'
import type { ForgivingStore } from './forgiving-store.js'
import { newId } from './new-id.js'
import { plainResponse } from './plain-data.js'
import type { Settings } from './read-options.js'
import { readingOfAll } from './reading.js'
import type { ExchangeTimes, Recording, Response, StoredResponse } from './rules/messages.js'
import { areFields, isRecording, maxTime } from './rules/stored-response.js'
import type { Awaitable, Body, FoundResponse } from './store.js'
import { verifiedBody } from './verified-body.js'

/** There is no origin to ask instead: a store may take its time for a replay. */
const replayLimitMs = 10_000
const noBytes = new Uint8Array(0)

/** A recording that can be played. */
export interface Played {
  readonly recording: Recording
  readonly body: Body
}

/**
 * What is recorded in a store, and how far a replay of it has come. Recordings have keys of their own and are marked, so
 * that they are never taken for stored responses, nor stored responses for them.
 */
export class Tape {
  readonly mode: 'record' | 'replay'
  readonly #store: ForgivingStore
  readonly #settings: Pick<Settings, 'verify' | 'integrity'>
  /** How many requests there were for each key. */
  readonly #turns = new Map<string, number>()
  /** Keys under which what an earlier run had recorded is gone, or about to be. */
  readonly #cleared = new Map<string, Awaitable<boolean>>()

  constructor(
    mode: 'record' | 'replay',
    store: ForgivingStore,
    { verify, integrity }: Pick<Settings, 'verify' | 'integrity'>
  ) {
    this.mode = mode
    this.#store = store
    this.#settings = { verify, integrity: store.keepsObjects ? undefined : integrity }
  }

  /** The place of a request, from 0, among those with the same key. */
  nextTurn(key: string): number {
    const turn = this.turnOf(key)
    this.#turns.set(key, turn + 1)
    return turn
  }

  /** The same, where no request takes the place. */
  turnOf(key: string): number {
    return this.#turns.get(key) ?? 0
  }

  /** Whether bodies need digests to be known again. */
  get digests(): boolean {
    return !this.#store.keepsObjects && this.#settings.verify === 'digest'
  }

  /** Keeps a response in place of what an earlier run has recorded for the key; whether the store took it. */
  keep(
    key: string,
    turn: number,
    { status, statusText, fields }: Response,
    { requestTime, responseTime }: ExchangeTimes,
    body: Body,
    { bodyBytes, digests }: CopiedBody
  ): Awaitable<boolean> {
    const recording: Recording = {
      formatVersion: 1,
      key,
      slot: `t${turn}`,
      id: newId(),
      status,
      statusText,
      fields,
      selecting: [],
      requestTime,
      responseTime,
      dropAt: maxTime,
      bodyBytes,
      ...(digests !== undefined && { digests }),
      marks: {},
      tape: turn
    }
    const complete = () => this.#sealed(recording)
    return whenReady(this.#clear(key), (isCleared) => isCleared && this.#store.set(key, body, complete))
  }

  /**
   * What was recorded for this turn: of several answers one after another, the last again and again. `undefined` if
   * nothing was, `'unreadable'` if that cannot be known or it cannot be played.
   */
  find(key: string, turn: number): Awaitable<Played | 'unreadable' | undefined> {
    const budget = new Budget(replayLimitMs)
    return whenReady(this.#store.get(key, budget), (found) => {
      if (found === undefined) return 'unreadable'
      const recordings = found.responses.flatMap((response) => this.#recording(key, response) ?? [])
      recordings.sort((one, other) => one.tape - other.tape)
      const recording = recordings[Math.min(turn, recordings.length - 1)]
      if (recording !== undefined) return this.#open(recording, budget)
      return found.responses.length === 0 ? undefined : 'unreadable'
    })
  }

  /** What a run leaves of the one before would be played in between. */
  #clear(key: string): Awaitable<boolean> {
    const before = this.#cleared.get(key)
    if (before !== undefined) return before
    const clearing = whenReady(this.#store.clearKey(key), (isCleared) => {
      if (!isCleared) this.#cleared.delete(key)
      return isCleared
    })
    this.#cleared.set(key, clearing)
    return clearing
  }

  #recording(key: string, found: FoundResponse): Recording | undefined {
    try {
      const response: unknown = this.#store.keepsObjects ? found.response : plainResponse(found).response
      if (!isRecording(response, key)) return undefined
      const recording = response as Recording
      if (this.#store.keepsObjects) return recording
      const isSound = areFields(recording.fields) && (!this.digests || recording.digests !== undefined)
      return isSound && this.#isSigned(recording) ? recording : undefined
    } catch (error) {
      this.#store.foundUnreadable(error)
      return undefined
    }
  }

  #open(recording: Recording, budget: Budget): Awaitable<Played | 'unreadable'> {
    if (recording.bodyBytes === 0) return { recording, body: noBytes }
    const { key, id } = recording
    return whenReady(this.#store.openBody(key, id, budget), async (body) => {
      if (body === undefined || body === 'gone') return 'unreadable'
      const failed = (error: unknown) => this.#store.failedReading(error)
      const verified = await verifiedBody(body, readingOfAll(recording, this.digests), budget, failed)
      return verified === undefined ? 'unreadable' : { recording, body: verified }
    })
  }

  #isSigned(recording: Recording): boolean {
    const { integrity } = this.#settings
    return integrity === undefined || integrity.isSigned(recording)
  }

  /** As the store gets it: of what it reads nothing is missing. */
  #sealed(recording: Recording): StoredResponse {
    const { integrity } = this.#settings
    const sealed = integrity === undefined ? Object.freeze(recording) : integrity.signed(recording)
    return sealed as Recording & Pick<StoredResponse, 'method'>
  }
}
