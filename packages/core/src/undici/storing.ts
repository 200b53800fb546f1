import { whenReady } from '../awaitable.js'
import { BodyCopy } from '../body-copy.js'
import type { Lookup } from '../look-ups.js'
import { tooLong } from '../rules/body-limit.js'
import type { ForwardReason } from '../rules/cache-status.js'
import type { NotStored, StoringDecision } from '../rules/storing.js'
import type { Awaitable } from '../store.js'
import { beginningOf, bufferBytes, decide, isWhole, maxEntryBytes, showDecision } from './answer-decision.js'
import type { Exchange } from './exchange.js'
import { complete, marksFor, removeFromTheFuture } from './keeping.js'
import type { NetworkResponse } from './network-response.js'
import { broken, otherLength, refusedByStore, storeUnreadable, tooSlow } from './not-stored.js'
import { copiedBytes, type Storing } from './relay.js'
import { showStatus } from './status-head.js'
import { isNotStored, settled, type Told } from './stored-or-not.js'

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
    // A store in memory gets the chunks at once and without a promise.
    bufferBytes: bufferBytes(exchange, maxBytes),
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
