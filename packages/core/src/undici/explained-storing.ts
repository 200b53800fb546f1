import type { Settings } from '../read-options.js'
import { withinLength } from '../rules/body-limit.js'
import { type CacheKey, cacheKey } from '../rules/cache-key.js'
import type { CacheMode } from '../rules/cache-mode.js'
import { headOfBeginning } from '../rules/combining.js'
import type { RuleOptions } from '../rules/options.js'
import { requestControl } from '../rules/request-control.js'
import { decideRequest } from '../rules/request-decision.js'
import { decideStoring, type StoringDecision } from '../rules/storing.js'
import { decideStoringPost, mayAnswerGet } from '../rules/storing-post.js'
import { applies } from '../rules/trace.js'
import { fieldLines } from './explained-message.js'
import type { ExplainedResponse } from './explanation.js'
import { readQuery } from './read-query.js'
import type { ReadRequest } from './read-request.js'
import { requestKey, targetIn } from './request-key.js'

/** Whether a response is stored, by rules that write down what they are asked; `undefined` if none of its kind is looked at. */
export function decideExplained(
  settings: Settings,
  rules: RuleOptions,
  read: ReadRequest,
  mode: CacheMode | undefined,
  response: ExplainedResponse
): StoringDecision | undefined {
  const { status, statusText = '', headers, isHttp2 = false, redirected = false } = response
  const now = settings.clock()
  const { requestTime = now, responseTime = now } = response
  const times = { requestTime, responseTime }
  const head = { status, statusText, fields: fieldLines(headers) }
  const framing = { framed: isHttp2, redirected }
  const { request, facts } = read
  const control = requestControl(request, mode)
  const { action } = decideRequest(request, control, facts, keyOf(settings, read) !== undefined, settings.rules)
  if (action === 'forward-unsafe') {
    if (!mayAnswerGet(request, control, settings.rules)) return undefined
    const target = targetIn(settings, read) ?? read.target
    return atItsEnd(settings, rules, decideStoringPost(request, target, head, times, framing, rules), response)
  }
  if (action !== 'look-up' && action !== 'forward') return undefined
  return atItsEnd(settings, rules, decideStoring(request, head, times, framing, rules), response)
}

/** Where answers to a request are looked for. */
export function keyOf(settings: Settings, read: ReadRequest): CacheKey | undefined {
  const { rules, queryBodyLimit } = settings
  const target = targetIn(settings, read)
  const query = read.request.method === 'QUERY' ? readQuery(read.opts, queryBodyLimit) : undefined
  return target && requestKey(target, read.request, query, rules)
}

/** Where an answer to a request is stored: to a POST, where one to a GET would be. */
export function storedAt(settings: Settings, read: ReadRequest): CacheKey | undefined {
  if (read.request.method !== 'POST') return keyOf(settings, read)
  return cacheKey(targetIn(settings, read) ?? read.target, read.request, settings.rules)
}

/** Longest body that is stored. */
export function maxBytesOf({ maxEntryBytes, store }: Settings): number {
  return Math.min(maxEntryBytes, store?.maxEntryBytes ?? Number.POSITIVE_INFINITY)
}

/** What becomes of a response when its body has come. */
function atItsEnd(
  settings: Settings,
  rules: RuleOptions,
  decision: StoringDecision,
  { bodyBytes, isCut = false }: ExplainedResponse
): StoringDecision {
  const isUnannounced = decision.store && decision.contentLength === undefined
  const known = isUnannounced && !isCut ? { ...decision, contentLength: bodyBytes } : decision
  const fitting = withinLength(known, maxBytesOf(settings), rules)
  if (!fitting.store) return fitting
  if (isCut) return beginningOf(fitting, bodyBytes ?? 0, rules)
  const isOther = bodyBytes !== undefined && fitting.contentLength !== bodyBytes
  return applies(rules, 'MSG-02', isOther) ? no('it has another length than announced') : fitting
}

/** What may be stored of a response that broke off. */
function beginningOf(
  decision: Extract<StoringDecision, { store: true }>,
  bodyBytes: number,
  rules: RuleOptions
): StoringDecision {
  const { trace, ...silent } = rules
  const head = headOfBeginning(decision.head, decision.contentLength, bodyBytes, silent)
  applies(rules, 'MSG-02', head === undefined)
  return head === undefined ? no('it did not end well') : { ...decision, head, contentLength: bodyBytes }
}

function no(reason: string): StoringDecision {
  return { store: false, requirement: 'MSG-02', reason }
}
