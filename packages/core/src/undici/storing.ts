import { whenReady } from '../awaitable.js'
import { BodyCopy } from '../body-copy.js'
import { Budget } from '../budget.js'
import type { CacheDecision } from '../diagnostics.js'
import { storeChannel } from '../events.js'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { assess } from '../rules/assessment.js'
import { tooLong, withinLength } from '../rules/body-limit.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { asStored } from '../rules/collapsing.js'
import { headOfBeginning } from '../rules/combining.js'
import { compareHead, type Freshened, freshen } from '../rules/freshening.js'
import { currentAge } from '../rules/freshness.js'
import type { StoredResponse } from '../rules/messages.js'
import { selectable } from '../rules/selection.js'
import type { StorableHead } from '../rules/storable-head.js'
import { decideStoring, type NotStored, outdatesStored, type StoringDecision } from '../rules/storing.js'
import type { Awaitable } from '../store.js'
import type { Completed } from '../stored-responses.js'
import { settleParts } from './combining.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'
import { copiedBytes, type Storing } from './relay.js'
import { showStatus } from './status-head.js'
import { tellStored } from './telling.js'

const storeUnreadable = refused('ROB-02', 'the store could not be read')
const refusedByStore = refused('ROB-02', 'the store did not keep it')
const broken = refused('MSG-02', 'it did not end well')
const otherLength = refused('MSG-02', 'it has another length than announced')
const tooSlow = refused('MSG-03', 'the store was too slow')

/** What is told of an exchange whatever becomes of its answer. */
export type Told = Pick<CacheDecision, 'outcome' | 'reason' | 'status'>

/** What becomes of an answer beside its way to the caller. Of a short body `ownBytes` are copied. */
export function storing(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  reason: ForwardReason,
  ownBytes = copiedBytes
): Storing {
  const told: Told = { outcome: 'miss', reason, status: response.status }
  if (lookup === undefined) {
    showStatus(exchange, response, { reason })
    return notStoring(exchange, response, undefined, storeUnreadable, told)
  }
  const decision = decide(exchange, response, lookup)
  showDecision(exchange, response, decision, reason)
  return storingAs(exchange, response, lookup, decision, told, ownBytes)
}

/** Has the caller told whether the answer is stored, where he is told at all (CS-03). */
export function showDecision(
  exchange: Exchange,
  response: NetworkResponse,
  decision: StoringDecision,
  reason: ForwardReason
): void {
  const { asked, cache } = exchange
  const { cacheStatus, clock, rules } = cache.settings
  if (cacheStatus === undefined) return
  if (!decision.store) return showStatus(exchange, response, { reason })
  const { initialAge, lifetime, stored } = asStored(asked.key, decision.head, rules)
  const age = currentAge(initialAge, stored.responseTime, clock())
  showStatus(exchange, response, { reason, stored: true, lifetime, age })
}

/** The same where it was decided already. */
export function storingAs(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  decision: StoringDecision,
  told: Told,
  ownBytes = copiedBytes
): Storing {
  if (!decision.store) return notStoring(exchange, response, lookup, decision, told)
  const { contentLength } = decision
  const copies = contentLength === undefined || contentLength <= copiedBytes
  return copying(exchange, response, lookup, decision, copies ? ownBytes : 0, told)
}

/** May this answer be stored? A HEAD also tells of the answers to GET. */
function decide(exchange: Exchange, response: NetworkResponse, lookup: Lookup): StoringDecision {
  if (exchange.asked.request.method === 'HEAD' && response.status === 200) applyHead(exchange, lookup, response)
  return decideAnswer(exchange, response)
}

/** May this answer be stored, as far as its head tells? */
export function decideAnswer(exchange: Exchange, response: NetworkResponse): StoringDecision {
  const { request } = exchange.asked
  const { times, redirected } = response
  const framing = { framed: response.head.isHttp2, redirected }
  return withinLimit(exchange, decideStoring(request, response, times, framing, exchange.cache.settings.rules))
}

/** Refuses what is longer than the store takes. */
export function withinLimit(exchange: Exchange, decision: StoringDecision): StoringDecision {
  return withinLength(decision, maxEntryBytes(exchange), exchange.cache.settings.rules)
}

/** Stores a body that is there already, if it may be stored; of one that did not end well the beginning, if that may be. */
export function storeWhole(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  reason: ForwardReason,
  body: Uint8Array,
  receivedBytes: number,
  isComplete: boolean
): void {
  const told: Told = { outcome: 'miss', reason, status: response.status }
  const decision = decide(exchange, response, lookup)
  const isBroken = !isComplete || response.head.isBroken
  if (!decision.store) {
    if (isBroken) return exchange.tell({ ...told, notStored: decision })
    return isNotStored(exchange, response, lookup, decision, told)
  }
  const { contentLength } = decision
  const head = isBroken ? beginningOf(exchange, response, decision, receivedBytes) : decision.head
  if (head === undefined) return exchange.tell({ ...told, notStored: broken })
  if (!isBroken && contentLength !== receivedBytes) return isNotStored(exchange, response, lookup, otherLength, told)
  const { responses } = exchange.cache
  const copied = { bodyBytes: receivedBytes, digests: undefined }
  removeFromTheFuture(exchange, lookup, head)
  const marks = marksFor(exchange, lookup, head, decision.groups)
  const setting = whenReady(marks, (marks) => {
    return responses.store.set(lookup.key.key, body, () => complete(exchange, lookup, head, copied, marks))
  })
  whenReady(setting, (stored) => {
    if (isBroken && !stored) exchange.tell({ ...told, notStored: broken })
    else settled(exchange, response, lookup, head, receivedBytes, stored, told)
  })
}

/** What may be stored of an answer that did not end well, but as it began. */
function beginningOf(
  { cache }: Exchange,
  response: NetworkResponse,
  { head, contentLength }: Extract<StoringDecision, { store: true }>,
  receivedBytes: number
): StorableHead | undefined {
  if (response.head.isBroken) return undefined
  return headOfBeginning(head, contentLength, receivedBytes, cache.settings.rules)
}

/** Brings the fields of a 304, or of a HEAD, into a stored response. RFC 9111 §4.3.4. */
export function applyFreshened(exchange: Exchange, lookup: Lookup, known: Assessed, { keep }: Freshened): void {
  const { responses } = exchange.cache
  if (keep.action === 'remove') responses.remove(lookup, known)
  if (keep.action !== 'update') return
  const { storeTimeoutMs } = exchange.cache.settings
  const updating = responses.update(lookup, known, keep.head, keep.groups, storeTimeoutMs)
  responses.searchIndex?.add(lookup, keep.head)
  if (!storeChannel.hasSubscribers) return
  whenReady(updating, (updated) => {
    if (updated) tellStored(exchange, 'updated', keep.head, known.stored.bodyBytes)
  })
}

/** Whether a body that ended is known to be all of it. */
export function isWhole({ head }: NetworkResponse, expectedBytes: number | undefined, receivedBytes: number): boolean {
  const mayBeDumped = receivedBytes === 0 && expectedBytes === undefined && head.mayBeDumped
  return !head.isBroken && !mayBeDumped && (expectedBytes === undefined || expectedBytes === receivedBytes)
}

function notStoring(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  because: NotStored,
  told: Told
): Storing {
  const ended = (isComplete: boolean) => {
    if (isComplete) isNotStored(exchange, response, lookup, because, told)
    else exchange.tell({ ...told, notStored: because })
  }
  return { copy: undefined, ended }
}

/** A complete answer was not stored. */
function isNotStored(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  because: NotStored,
  told: Told
): void {
  if (lookup !== undefined) dropOutdated(exchange, lookup, response, because)
  exchange.tell({ ...told, notStored: because })
}

/** The store has answered: it kept the response, or did not. */
function settled(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  head: StorableHead,
  bodyBytes: number,
  stored: boolean,
  told: Told
): void {
  if (!stored) return isNotStored(exchange, response, lookup, refusedByStore, told)
  const { responses, settings } = exchange.cache
  const hasOthers = head.selecting.length > 0 || lookup.stored.some((known) => known.stored.slot !== head.slot)
  if (hasOthers) responses.trim(lookup, new Budget(settings.storeTimeoutMs, 'unref'))
  responses.searchIndex?.add(lookup, head)
  if (storeChannel.hasSubscribers) tellStored(exchange, 'stored', head, bodyBytes)
  const hasParts = head.part !== undefined || lookup.stored.some((known) => known.stored.part !== undefined)
  whenReady(hasParts ? settleParts(exchange, lookup, head) : undefined, () => {
    exchange.tell({ ...told, stored, ...lifetimeOf(exchange, lookup, head) })
  })
}

/** What the store gets to keep, once the body is complete. */
function complete(
  exchange: Exchange,
  lookup: Lookup,
  head: StorableHead,
  copied: Completed | undefined,
  marks: StoredResponse['marks']
): StoredResponse | undefined {
  const stored = copied && exchange.cache.responses.complete(lookup, head, copied, marks)
  // Who waits for all of it does not wait for its beginning.
  if (stored !== undefined && stored.part === undefined) exchange.leads?.completed(stored)
  return stored
}

function copying(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  decision: Extract<StoringDecision, { store: true }>,
  ownBytes: number,
  told: Told
): Storing {
  const expectedBytes = decision.contentLength
  let { head } = decision
  const { responses, settings } = exchange.cache
  const { store } = responses
  const maxBytes = maxEntryBytes(exchange)
  const marks = marksFor(exchange, lookup, head, decision.groups)
  let setting: Awaitable<boolean> = false
  let isRefused = false
  const copy = new BodyCopy({
    maxBytes,
    ownBytes,
    // A store in memory would hold the chunks all the same: it gets them at once and without a promise.
    bufferBytes: store.keepsObjects && Number.isFinite(maxBytes) ? maxBytes : settings.copyBufferBytes,
    waitMs: settings.storeTimeoutMs,
    shares: store.keepsObjects,
    digests: responses.makesDigests,
    hold: (on) => response.network.hold(on),
    store: (body) => {
      removeFromTheFuture(exchange, lookup, head)
      setting = whenReady(marks, (marks) => {
        return store.set(lookup.key.key, body, () => complete(exchange, lookup, head, copy.copied, marks))
      })
      // Nobody reads what was refused: the caller is not to wait for it.
      whenReady(setting, (stored) => {
        if (stored) return
        isRefused = setting === false || !copy.dropped
        copy.drop()
      })
    }
  })
  const ended = (isComplete: boolean, receivedBytes: number) => {
    const isOtherLength = expectedBytes !== undefined && expectedBytes !== receivedBytes
    if (!isComplete || (!isOtherLength && !isWhole(response, expectedBytes, receivedBytes))) {
      const beginning = beginningOf(exchange, response, decision, receivedBytes)
      if (beginning !== undefined) head = beginning
      else copy.drop()
      if (copy.end() === undefined) return exchange.tell({ ...told, notStored: broken })
      return void whenReady(setting, (stored) => {
        if (!stored) exchange.tell({ ...told, notStored: broken })
        else settled(exchange, response, lookup, head, receivedBytes, stored, told)
      })
    }
    if (isOtherLength) copy.drop()
    if (copy.end() === undefined) {
      const because = isOtherLength
        ? otherLength
        : receivedBytes > maxBytes
          ? tooLong
          : isRefused
            ? refusedByStore
            : tooSlow
      return isNotStored(exchange, response, lookup, because, told)
    }
    whenReady(setting, (stored) => settled(exchange, response, lookup, head, receivedBytes, stored, told))
  }
  return { copy, ended }
}

function marksFor(
  { cache }: Exchange,
  lookup: Lookup,
  head: StorableHead,
  groups: readonly string[]
): Awaitable<StoredResponse['marks']> {
  return cache.responses.marksOf(lookup, groups, head.requestTime, cache.settings.storeTimeoutMs)
}

function lifetimeOf(
  { cache, isHeard }: Exchange,
  { key }: Lookup,
  head: StorableHead
): Pick<CacheDecision, 'lifetime' | 'heuristic'> {
  if (!isHeard) return {}
  const stored = { formatVersion: 1, key: key.key, id: '', bodyBytes: 0, marks: {}, ...head } as const
  const { lifetime, heuristic } = assess(stored, cache.settings.rules)
  return { lifetime, heuristic }
}

function maxEntryBytes({ cache }: Exchange): number {
  return Math.min(cache.settings.maxEntryBytes, cache.responses.store.maxEntryBytes)
}

/** An answer that is not stored shows what is stored to be outdated, be it only since the look-up (STORE-10). */
function dropOutdated({ asked, cache }: Exchange, lookup: Lookup, response: NetworkResponse, because: NotStored): void {
  const { responses, settings } = cache
  const { status, times } = response
  if (!outdatesStored(asked.request.method, status, because)) return
  const known = selectable(asked.request, lookup, settings.rules)
  for (const outdated of known) responses.remove(lookup, outdated)
  whenReady(responses.lookUp(asked.key, new Budget(settings.storeTimeoutMs, 'unref')), (now) => {
    if (now === undefined) return
    for (const other of selectable(asked.request, now, settings.rules)) {
      const isKnown = known.some(({ stored }) => stored.id === other.stored.id)
      if (!isKnown && other.stored.requestTime <= times.requestTime) responses.remove(now, other)
    }
  })
}

/** What a clock that was ahead has stored would never give way to a newer response (CLK-02). */
function removeFromTheFuture({ cache }: Exchange, lookup: Lookup, { slot }: StorableHead): void {
  const now = cache.settings.clock()
  for (const known of lookup.stored) {
    if (known.stored.slot === slot && known.stored.requestTime > now) cache.responses.remove(lookup, known)
  }
}

/** A HEAD tells whether the stored responses to GET are still current (UPD-09). */
function applyHead(exchange: Exchange, lookup: Lookup, response: NetworkResponse): void {
  const { asked, cache } = exchange
  const { rules } = cache.settings
  for (const known of selectable(asked.request, lookup, rules)) {
    if (known.stored.method !== 'GET') continue
    const comparison = compareHead(known, response, response.times)
    if (comparison === 'invalidate') cache.responses.markInvalid(lookup, known)
    if (comparison !== 'update') continue
    applyFreshened(exchange, lookup, known, freshen(known, asked.request, response, response.times, rules))
  }
}

export function refused(requirement: string, reason: string): NotStored {
  return { store: false, requirement, reason }
}
