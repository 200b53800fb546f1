import { cacheInterceptor } from '@cc/core'
import type { Dispatcher } from 'undici'
import type { Body, Found } from '../../src/store.js'
import { TestClock } from '../harness.js'
import { MapStore } from '../map-store.js'
import { Recorder } from '../recorder.js'
import type { Foreign } from './foreign-values.js'
import { changedBytes, mutated } from './mutate.js'
import { MutatedStore } from './mutated-store.js'
import { Random } from './random.js'

type Headers = Readonly<Record<string, string>>
type Request = Pick<Dispatcher.DispatchOptions, 'path' | 'method'> & { readonly headers: Headers }

/** What is asked for, and what was asked for before, so that it is stored. */
interface Scene extends Request {
  readonly stored: readonly Headers[]
}

/**
 * Fresh and of two variants, stale with a validator, a part that has what is asked for, two parts between which some is
 * missing, and, the last one, too long to ride along.
 */
const scenes: readonly Scene[] = [
  { path: '/fresh', method: 'GET', headers: {}, stored: [{}] },
  {
    path: '/varying',
    method: 'GET',
    headers: { 'x-variant': 'a' },
    stored: [{ 'x-variant': 'a' }, { 'x-variant': 'b', 'x-which-asked': 'b' }]
  },
  { path: '/stale', method: 'GET', headers: {}, stored: [{}] },
  { path: '/part', method: 'GET', headers: { range: 'bytes=2-9' }, stored: [{ range: 'bytes=0-11' }] },
  { path: '/parts', method: 'GET', headers: {}, stored: [{ range: 'bytes=0-4' }, { range: 'bytes=10-' }] },
  { path: '/long', method: 'GET', headers: {}, stored: [{}] }
]
const longBytes = 70_000
/** What parts are of, in one version: no byte of it is in another place. */
const whole = '0123456789abcdefghij'
const staleAfterSeconds = 100

/** What the origin answers: by `X-Which` and by each body it can be told from any other answer. */
export function originAnswer(
  path: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  which: string
): { status: number; fields: Record<string, string>; body: string } {
  const maxAge = path === '/stale' ? 1 : 1_000_000
  const fields: Record<string, string> = { 'Cache-Control': `public, max-age=${maxAge}`, 'X-Which': which }
  if (path.startsWith('/part')) return rangeOf(headers, fields)
  if (path === '/varying') fields.Vary = 'X-Variant'
  if (path === '/stale') fields.ETag = '"a"'
  if (path === '/stale') fields['Cache-Groups'] = '"g", "h"'
  if (headers['if-none-match'] === '"a"') return { status: 304, fields: { ETag: '"a"' }, body: '' }
  const body = `body ${which} ${path === '/long' ? 'x'.repeat(longBytes) : ''}`
  return { status: 200, fields: { ...fields, 'Content-Length': String(body.length) }, body }
}

function rangeOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  fields: Record<string, string>
): ReturnType<typeof originAnswer> {
  const isCurrent = headers['if-range'] === undefined || headers['if-range'] === '"a"'
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(headers.range)) ?? []
  const all = { ...fields, ETag: '"a"' }
  if (!isCurrent || from === undefined) {
    return { status: 200, fields: { ...all, 'Content-Length': String(whole.length) }, body: whole }
  }
  const last = to ? Number(to) : whole.length - 1
  const body = whole.slice(Number(from), last + 1)
  const range = { 'Content-Range': `bytes ${from}-${last}/${whole.length}`, 'Content-Length': String(body.length) }
  return { status: 206, fields: { ...all, ...range }, body }
}

/** A network in this process that answers at once: a million exchanges over sockets would take too long. */
export const inProcess: Dispatcher.Dispatch = (opts, handler) => {
  const headers = flat(opts.headers)
  const { status, fields, body } = originAnswer(opts.path, headers, headers['x-which-asked'] ?? 'origin')
  const controller = { rawHeaders: null, pause() {}, resume() {}, abort() {} } as never
  const { onRequestStart, onResponseStart, onResponseData, onResponseEnd } = handler as Required<typeof handler>
  onRequestStart.call(handler, controller, {})
  const lower = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))
  onResponseStart.call(handler, controller, status, lower, 'OK')
  if (body !== '') onResponseData.call(handler, controller, Buffer.from(body))
  onResponseEnd.call(handler, controller, {})
  return true
}

function flat(headers: Dispatcher.DispatchOptions['headers']): Record<string, string> {
  if (!Array.isArray(headers)) return { ...(headers as Record<string, string>) }
  return Object.fromEntries(Array.from({ length: headers.length / 2 }, (_, i) => headers.slice(2 * i, 2 * i + 2)))
}

interface Stored {
  readonly request: Scene
  readonly found: Found
  readonly bodies: ReadonlyMap<string, Body>
}

/** What a store elsewhere holds after these requests, as the cache itself has stored it. */
async function storedResponses(clock: TestClock, origin: string): Promise<Stored[]> {
  const stored: Stored[] = []
  for (const request of scenes) {
    const store = new MapStore()
    const dispatch = cacheInterceptor({ store, clock: () => clock.now, ranges: 'store' })(inProcess)
    for (const asked of request.stored) {
      const headers = { 'x-which-asked': 'a', ...asked }
      await exchange(dispatch, { path: request.path, method: request.method, headers }, origin)
    }
    for await (const key of store.keys()) {
      const found = await store.get(key)
      const bodies = new Map<string, Body>()
      for (const { response } of found.responses) {
        bodies.set(response.id, Buffer.from(await bytesOf((await store.openBody(key, response.id)) as Body)))
      }
      stored.push({ request, found, bodies })
    }
  }
  return stored
}

async function bytesOf(body: Body): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function exchange(dispatch: Dispatcher.Dispatch, request: Request, origin: string): Promise<Recorder> {
  const recorder = new Recorder('new')
  const { path, method, headers } = request
  dispatch({ path, method, headers, origin }, recorder.handler)
  // An answer comes within a few turns of the event loop, unless the network takes longer: then that is waited for.
  for (let turn = 0; turn < 8 && !isOver(recorder); turn++) await new Promise((resolve) => setImmediate(resolve))
  if (!isOver(recorder)) await recorder.over
  return recorder
}

function isOver({ events }: Recorder): boolean {
  return events.includes('end') || events.includes('error')
}

/** What is wrong with an answer; `undefined` if it is one of the origin's, or one that was stored, as a whole. */
function faultOf(recorder: Recorder, { path }: Request): string | undefined {
  const { status, statusText, headers, text, errors, misplaced, events } = recorder
  if (errors.length > 0) return `failed: ${errors[0]}`
  if (misplaced.length > 0 || events.at(-1) !== 'end') return `told ${events}`
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof statusText !== 'string')
    return `status ${status}`
  const isPart = path.startsWith('/part')
  const which = isPart ? '' : /^body (a|b|origin) x*$/.exec(text)?.[1]
  if (which === undefined) return `body ${JSON.stringify(text.slice(0, 100))}`
  const wrongPart = isPart ? partFault(path, recorder) : undefined
  if (wrongPart !== undefined) return wrongPart
  for (const name of Object.getOwnPropertyNames(headers)) {
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) return `field name ${JSON.stringify(name)}`
    for (const value of [headers[name]].flat()) {
      if (typeof value !== 'string' || /[\r\n\0]/.test(value)) return `${name}: ${JSON.stringify(value)}`
    }
  }
  const told = headers['x-which']
  if (!isPart && typeof told === 'string' && /^(a|b|origin)$/.test(told) && told !== which)
    return `fields of ${told}, body of ${which}`
  if (headers.age !== undefined && !/^\d+$/.test(String(headers.age))) return `age ${headers.age}`
  return undefined
}

/** Bytes that are not where they belong, or others than were asked for. */
function partFault(path: string, { status, text, headers }: Recorder): string | undefined {
  if (status === 200) return text === whole ? undefined : `whole ${JSON.stringify(text)}`
  const range = headers['content-range']
  const isAsked = path === '/part' && status === 206 && range === `bytes 2-9/${whole.length}`
  return isAsked && text === whole.slice(2, 10) ? undefined : `${status} ${range}: ${JSON.stringify(text)}`
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
const untouched = prototypes.map((prototype) => Reflect.ownKeys(prototype).length)

function isPolluted(): boolean {
  return prototypes.some((prototype, i) => Reflect.ownKeys(prototype).length !== untouched[i])
}

export interface Tally {
  /** How often what was stored was served all the same, and how often the origin was asked for all of it. */
  served: number
  fetched: number
  /** What was served, or completed, all the same. */
  readonly paths: Set<string>
}

export interface Checking {
  readonly count: number
  readonly seed: number
  readonly foreign: Foreign
  /** The origin, and the way to it. */
  readonly origin?: string
  readonly network?: Dispatcher.Dispatch
}

/**
 * Damages what a store holds so many times, each time in another way, and asks for it. Throws if the answer is anything
 * but the origin's or the stored one.
 */
export async function checkMutations({ count, seed, foreign, ...asked }: Checking): Promise<Tally> {
  const { origin = 'http://a.example', network: given = inProcess } = asked
  let asksForAll = false
  const network: Dispatcher.Dispatch = (opts, handler) => {
    if (flat(opts.headers)['if-range'] === undefined) asksForAll = true
    return given(opts, handler)
  }
  const clock = new TestClock()
  const stored = await storedResponses(clock, origin)
  clock.advance(staleAfterSeconds)
  const tally: Tally = { served: 0, fetched: 0, paths: new Set() }
  for (let i = 0; i < count; i++) {
    const random = new Random(seed + i)
    // Long bodies cost a digest each.
    const last = stored.length - 1
    const { request, found, bodies } = stored[random.below(20) === 0 ? last : random.below(last)] as Stored
    const store = new MutatedStore(
      mutated(found, random, foreign),
      random.below(4) === 0 ? damaged(bodies, random) : bodies
    )
    const dispatch = cacheInterceptor({ store, clock: () => clock.now, ranges: 'store' })(network)
    asksForAll = false
    const recorder = await exchange(dispatch, request, origin)
    const fault = isPolluted() ? 'a prototype is polluted' : faultOf(recorder, request)
    if (fault !== undefined) throw new Error(`mutation ${seed + i} of ${request.path}: ${fault}`)
    const isFetched = request.path.startsWith('/part') ? asksForAll : recorder.text.startsWith('body origin')
    if (isFetched) tally.fetched++
    else tally.served++
    if (!isFetched) tally.paths.add(request.path)
  }
  return tally
}

function damaged(bodies: ReadonlyMap<string, Body>, random: Random): ReadonlyMap<string, Body> {
  return new Map([...bodies].map(([id, body]) => [id, changedBytes(body as Uint8Array, random)]))
}
