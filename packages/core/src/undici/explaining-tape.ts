import { isPromise } from '../awaitable.js'
import { release } from '../body.js'
import type { Settings } from '../read-options.js'
import type { ExchangeTimes } from '../rules/messages.js'
import { refusalToRecord, tapeKey } from '../rules/taping.js'
import type { Tape } from '../tape.js'
import { aboutRequest } from './exchange.js'
import { fieldLines, readExplained } from './explained-message.js'
import { maxBytesOf } from './explained-storing.js'
import type { ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'
import { readContent } from './request-content.js'
import { tapedTarget } from './taping.js'

/** The same as `explain` for who records or replays: no rule of caching has a say. */
export function explainTaped(
  settings: Settings,
  mode: Tape['mode'],
  asked: ExplainedRequest,
  response?: ExplainedResponse
): Explanation {
  const { about, isTaped, key } = tapedRequest(settings, asked)
  if (mode === 'replay') return { ...about, request: { action: 'replay' }, ...(!isTaped && { reuse: missing }) }
  if (!isTaped) return { ...about, request: { action: 'pass-by' } }
  const storing = response && recordingOf(settings, key, response)
  return { ...about, request: { action: 'record' }, ...(storing !== undefined && { storing }) }
}

/** The same with what is recorded in a store, for the next request of its kind. */
export async function explainReplay(settings: Settings, tape: Tape, asked: ExplainedRequest): Promise<Explanation> {
  const { about, isTaped, key } = tapedRequest(settings, asked)
  const found = isTaped && key !== undefined ? await tape.find(key, tape.turnOf(key)) : undefined
  const request = { action: 'replay' } as const
  if (found === undefined || found === 'unreadable') return { ...about, request, reuse: missing }
  release(found.body)
  return { ...about, request, reuse: { action: 'replay', status: found.recording.status } }
}

const missing = { action: 'tape-miss' } as const
const unlimited = { pieceMs: 0, signal: new AbortController().signal }

function tapedRequest(settings: Settings, asked: ExplainedRequest) {
  // The mode of a request has no say either.
  const { cacheMode, ...plain } = asked
  const read = readExplained(plain, settings)
  const target = tapedTarget(settings, read)
  const about = { ...aboutRequest(read.request, read.target, settings), consulted: [] }
  const content = readContent(read.opts.body, read.request.fields.get('content-type'), unlimited)
  // It is text or bytes, which are there at once unless they are refused.
  if (isPromise(content)) content.catch(() => {})
  const isKeyed = target !== undefined && !isPromise(content)
  const key = isKeyed ? tapeKey(target, read.request, content.digest, settings.rules) : undefined
  return { about, isTaped: target !== undefined, key }
}

function recordingOf(
  settings: Settings,
  key: string | undefined,
  { status, statusText = '', headers, bodyBytes = 0, isCut = false, ...times }: ExplainedResponse
): NonNullable<Explanation['storing']> {
  const now = settings.clock()
  const exchanged: ExchangeTimes = { requestTime: times.requestTime ?? now, responseTime: times.responseTime ?? now }
  const response = { status, statusText, fields: fieldLines(headers) }
  const refusal = refusalToRecord(response, exchanged, key, !isCut, bodyBytes, maxBytesOf(settings))
  return refusal ?? { store: true, selectedBy: [] }
}
