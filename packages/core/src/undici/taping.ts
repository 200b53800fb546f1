import type { Dispatcher } from 'undici'
import { isPromise } from '../awaitable.js'
import { TapeMissError } from '../errors.js'
import type { AboutRequest } from '../events.js'
import type { Settings } from '../read-options.js'
import { type CacheKey, type RequestTarget, requestTarget } from '../rules/cache-key.js'
import { requestControl } from '../rules/request-control.js'
import { tapeKey } from '../rules/taping.js'
import type { Tape } from '../tape.js'
import type { Below } from './below.js'
import { Caller, nothingYet } from './caller.js'
import { aboutRequest, type Cache, Exchange } from './exchange.js'
import { passBy } from './passing-by.js'
import type { ReadRequest, readRequest } from './read-request.js'
import { record } from './recording.js'
import { replay } from './replaying.js'
import { readContent } from './request-content.js'
import { isLookedAt, partitionOf } from './request-view.js'
import { toldToOf } from './told-to.js'

/** `headersTimeout` of undici, where it is not set. */
const defaultTimeoutMs = 300_000

/** Recordings are found by what was sent too, which is known later. */
const noKey: CacheKey = { key: '', target: '' }

/** Records a request, or replays it. What cannot be recorded passes by; so there is nothing of it to replay. */
export function dispatchTaped(
  cache: Cache,
  tape: Tape,
  below: Below,
  read: ReturnType<typeof readRequest>,
  handler: Dispatcher.DispatchHandler
): boolean {
  const target = read.request && tapedTarget(cache.settings, read)
  if (target !== undefined && read.request !== undefined) {
    const { request, opts } = read
    const asked = { request, control: requestControl(request), target, key: noKey, opts, toldTo: toldToOf(opts) }
    begin(new Exchange(cache, below, asked, handler), tape)
    return true
  }
  if (tape.mode === 'record') return passBy(below.dispatch, read.opts, handler)
  new Caller(handler).fail(new TapeMissError(about(read, cache), 'this request is none that is recorded'))
  return true
}

/** What is asked for; `undefined` for what is not recorded: upgrades, and what the options leave out. */
export function tapedTarget(settings: Settings, read: ReadRequest): RequestTarget | undefined {
  if (read.facts.isUpgrade || read.request.method === 'CONNECT' || !isLookedAt(settings, read)) return undefined
  const partition = partitionOf(settings, read)
  const { connection, origin, path } = read.target
  return partition === undefined ? undefined : requestTarget(connection, origin, path, partition)
}

function begin(exchange: Exchange, tape: Tape): void {
  const { asked, cache, caller } = exchange
  const { request, target, opts } = asked
  const reading = new AbortController()
  const limits = { pieceMs: opts.headersTimeout ?? defaultTimeoutMs, signal: reading.signal }
  const content = readContent(opts.body, request.fields.get('content-type'), limits)
  const go = ({ digest, body }: Awaited<typeof content>) => {
    if (caller.ended) return exchange.tell({ outcome: 'aborted' })
    const key = tapeKey(target, request, digest, cache.settings.rules)
    if (tape.mode === 'replay') replay(exchange, tape, key)
    else record(exchange, tape, key, body === (opts.body ?? null) ? opts : { ...opts, body })
  }
  if (!isPromise(content)) return go(content)
  caller.attach(
    nothingYet((reason) => {
      reading.abort(reason)
      caller.fail(reason)
    })
  )
  caller.start()
  content.then(go, (error) => {
    exchange.tell({ outcome: 'aborted' })
    caller.fail(error)
  })
}

function about(read: ReturnType<typeof readRequest>, { settings }: Cache): AboutRequest {
  if (read.request !== undefined) return aboutRequest(read.request, read.target, settings)
  return { method: String(read.opts.method), url: 'without a URL that HTTP knows' }
}
