import type { ServerResponse } from 'node:http'
import type { CacheDecision, CacheStore } from '@cc/core'
import { request } from 'undici'
import { type Answer, type Ask, type SetUp, setUp, type TestClock } from './harness.js'
import type { ReceivedRequest } from './origin.js'

export type FieldsGiven = Readonly<Record<string, string | string[]>>

/** What the origin answers once. A `Date` of now is added unless one is given; an empty one means none. */
export interface OriginAnswer {
  readonly status?: number
  readonly fields?: FieldsGiven
  /** `body 0`, `body 1` and so on if unset. */
  readonly body?: string | Buffer
}

export type Answering = OriginAnswer | ((request: ReceivedRequest, clock: TestClock, n: number) => OriginAnswer)

/** A 200 with this `Cache-Control`. */
export function ok(cacheControl: string | string[], fields: FieldsGiven = {}): OriginAnswer {
  return { fields: { 'Cache-Control': cacheControl, ...fields } }
}

export function withStatus(status: number, fields: FieldsGiven = {}): OriginAnswer {
  return { status, fields }
}

export function notModified(fields: FieldsGiven = {}): OriginAnswer {
  return { status: 304, fields, body: '' }
}

/** An origin that answers each path with these, one after the other, and then with the last one again. */
export function answering(...answers: [Answering, ...Answering[]]) {
  return ({ clock }: SetUp, request: ReceivedRequest, response: ServerResponse, n: number): void => {
    const chosen = answers[Math.min(n, answers.length - 1)] as Answering
    send(response, typeof chosen === 'function' ? chosen(request, clock, n) : chosen, clock, n)
  }
}

export function send(response: ServerResponse, answer: OriginAnswer, clock: TestClock, n = 0): void {
  const { status = 200, fields = {}, body = `body ${n}` } = answer
  const { Date: date = clock.date(), ...others } = fields
  if (date !== '') response.setHeader('Date', date)
  for (const [name, value] of Object.entries(others)) response.setHeader(name, value)
  response.statusCode = status
  response.end(body)
}

/** Holds up what comes to it, until the test lets it go on. */
export class Barrier {
  readonly #held: (() => void)[] = []
  readonly #waiting: { count: number; resolve: () => void }[] = []

  /** `goOn` is called when the test says so. */
  hold(goOn: () => void): void {
    this.#held.push(goOn)
    for (const { count, resolve } of this.#waiting) if (this.#held.length >= count) resolve()
  }

  /** Resolves when so many have come, those that went on since included. */
  held(count: number): Promise<void> {
    if (this.#held.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }

  /** Lets the one that came as number `index`, from 0, go on. */
  release(index: number): void {
    this.#held[index]?.()
  }
}

/** A client of an origin whose answers, all alike, wait for the test. */
export async function withHeldOrigin(
  store: CacheStore,
  answer: OriginAnswer,
  options: Parameters<typeof setUp>[2] = {}
): Promise<{ client: SetUp; barrier: Barrier }> {
  const barrier = new Barrier()
  const client = await setUp(
    store,
    ({ clock }, _request, response, n) => barrier.hold(() => send(response, answer, clock, n)),
    options
  )
  return { client, barrier }
}

/** Asks as `client.get` does, but without its decision: several may be under way at once. */
export async function ask(client: SetUp, path: string, ask: Ask = {}): Promise<Omit<Answer, 'decision'>> {
  const { statusCode, headers, body } = await request(`${client.origin.url}${path}`, {
    method: (ask.method ?? 'GET') as 'GET',
    dispatcher: client.dispatcher,
    ...(ask.headers !== undefined && { headers: ask.headers }),
    ...(ask.body !== undefined && { body: ask.body })
  })
  return { status: statusCode, headers, text: await body.text() }
}

/** Resolves once there were so many decisions in all. Nobody else may be waiting for one. */
export async function decided(client: SetUp, count: number): Promise<void> {
  while (client.decisions.length < count) await client.nextDecision()
}

/** The decision about the validation that a stale hit has just started, whether or not it is over already. */
export async function backgroundDecision(client: SetUp, count = 1): Promise<CacheDecision> {
  for (;;) {
    const known = client.decisions.filter((decision) => decision.background)[count - 1]
    if (known !== undefined) return known
    await client.nextDecision()
  }
}

/** Takes the origin down, and returns what asks for a path of it all the same. */
export async function disconnect(client: SetUp): Promise<(path: string, ask?: Ask) => Promise<Answer>> {
  const origin = client.origin.url
  await client.origin.stop()
  return (path, ask = {}) => client.get(path, { ...ask, origin })
}
