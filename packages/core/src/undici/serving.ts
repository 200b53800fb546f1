import { isPromise } from '../awaitable.js'
import type { CacheDecision } from '../diagnostics.js'
import type { Lookup } from '../look-ups.js'
import { type AnswerForm, answerForm, bytesInForm, headInForm } from '../rules/answer-form.js'
import type { Assessed } from '../rules/assessment.js'
import { currentAge } from '../rules/freshness.js'
import type { Fields, Part, Seconds } from '../rules/messages.js'
import type { Extent } from '../rules/ranges.js'
import type { StalePermission } from '../rules/serving-stale.js'
import type { Awaitable, Body } from '../store.js'
import { type Exchange, noBytes } from './exchange.js'
import { StoredHead } from './serve-stored.js'
import { withStatus } from './status-head.js'

/** How an answer came that another request got. */
type Collapsed = Pick<CacheDecision, 'outcome' | 'reason' | 'servedBytes' | 'forwardStatus'>

/** What came of the forward that a stored response is served in place of, and whether it was that of another request. */
type Forwarded = Pick<CacheDecision, 'reason' | 'forwardStatus' | 'collapsed'>

/** The bytes the caller is to get of a stored response; `undefined` if they cannot be had. */
export function bodyFor(exchange: Exchange, lookup: Lookup, selected: Assessed): Awaitable<Body | undefined> {
  return bodyInForm(answerForm(exchange.asked.request, selected), exchange, lookup, selected)
}

/** The bytes of an answer in that form; `undefined` if they cannot be had. Of a part no more is read than has to be. */
export function bodyInForm(
  form: AnswerForm,
  exchange: Exchange,
  lookup: Lookup,
  selected: Assessed
): Awaitable<Body | undefined> {
  const { part, bodyBytes } = selected.stored
  if (part !== undefined && !has(form, part, bodyBytes)) return undefined
  if (bytesInForm(form, exchange.asked.request.method, selected) === 0) return noBytes
  return storedBody(exchange, lookup, selected, form.action === 'part' ? form.extent : undefined)
}

/** Whether a stored part has what an answer in that form takes: it was selected for it, unless its fields have changed since. */
function has(form: AnswerForm, { first }: Part, bodyBytes: number): boolean {
  if (form.action !== 'part') return form.action === 'not-modified'
  return form.extent.first >= first && form.extent.last < first + bodyBytes
}

/** The body of a stored response, or some of its bytes; `undefined` if they cannot be had. */
function storedBody(
  exchange: Exchange,
  lookup: Lookup,
  selected: Assessed,
  extent: Extent | undefined
): Awaitable<Body | undefined> {
  const { responses } = exchange.cache
  const start = selected.stored.part?.first ?? 0
  const range = extent && { first: extent.first - start, last: extent.last - start }
  const attached = responses.attachedBody(lookup, selected)
  if (attached !== undefined) {
    return range === undefined ? attached : attached.subarray(range.first, range.last + 1)
  }
  const body = responses.openBody(lookup, selected, exchange.budget, range)
  if (isPromise(body)) exchange.caller.start()
  return body
}

/** Serves a stored response without asking the origin. RFC 9111 §4. */
export function playStored(
  exchange: Exchange,
  selected: Assessed,
  body: Body,
  age: Seconds,
  stale: StalePermission | undefined,
  forwarded?: Forwarded
): void {
  const { asked, cache } = exchange
  const form = answerForm(asked.request, selected)
  const head = headFor(exchange, form, selected)
  const servedBytes = bytesInForm(form, asked.request.method, selected)
  if (!exchange.isHeard && exchange.leads === undefined) cache.counts.served(stale !== undefined, servedBytes)
  else {
    const { lifetime, heuristic } = selected
    exchange.tell({
      outcome: stale === undefined ? 'hit' : 'stale-hit',
      ...(stale !== undefined && { stale }),
      status: head.status,
      age,
      lifetime,
      heuristic,
      servedBytes,
      ...forwarded
    })
  }
  const { lifetime } = selected
  exchange.play(withStatus(exchange, head.aged(age), { ...forwarded, lifetime, age, stale }), body)
}

/**
 * Serves what another request got from the origin at the same time, as if it were stored already (COLL-01). `isOthers`:
 * somebody else reads these very bytes.
 */
export function playCollapsed(
  exchange: Exchange,
  selected: Assessed,
  body: Body,
  age: Seconds,
  told: Collapsed,
  isOthers: boolean
): void {
  const { lifetime, heuristic } = selected
  const head = headFor(exchange, answerForm(exchange.asked.request, selected), selected)
  exchange.tell({ ...told, status: head.status, collapsed: true, age, lifetime, heuristic })
  const { reason, forwardStatus = selected.stored.status } = told
  const shown = { reason, forwardStatus, collapsed: true, lifetime, age }
  exchange.play(withStatus(exchange, head.aged(age), shown), body, isOthers)
}

/** Serves a stored response in place of a failure of the origin. RFC 5861 §4. */
export function playOnError(exchange: Exchange, selected: Assessed, body: Body, forwarded: Forwarded): void {
  const age = currentAge(selected.initialAge, selected.stored.responseTime, exchange.cache.settings.clock())
  playStored(exchange, selected, body, age, age >= selected.lifetime ? 'stale-if-error' : undefined, forwarded)
}

function headFor(exchange: Exchange, form: AnswerForm, selected: Assessed): StoredHead {
  return form.action === 'whole' ? headOf(exchange, selected) : newHead(exchange, form, selected)
}

function newHead({ cache }: Exchange, form: AnswerForm, selected: Assessed): StoredHead {
  const { status, statusText, fields } = headInForm(form, selected, selected.stored.fields, cache.settings.rules)
  return new StoredHead(status, statusText, withoutAge(fields))
}

function headOf(exchange: Exchange, selected: Assessed): StoredHead {
  const { cache } = exchange
  let head = cache.heads.get(selected)
  if (head === undefined) {
    head = newHead(exchange, { action: 'whole' }, selected)
    cache.heads.set(selected, head)
  }
  return head
}

function withoutAge(fields: Fields): Fields {
  return fields.filter(([name]) => name.toLowerCase() !== 'age')
}
