import {
  type CollapseEvent,
  collapseChannel,
  type LookupEvent,
  lookupChannel,
  type StoreEvent,
  storeChannel,
  type ValidateEvent,
  validateChannel
} from '../events.js'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { currentAge } from '../rules/freshness.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { ValidationDecision, ValidationRequest } from '../rules/validation.js'
import type { Exchange } from './exchange.js'

// Whoever calls these asks for subscribers first: without any, nothing is worked out.

export function tellLookup({ about }: Exchange, lookup: Lookup | undefined, began: number): void {
  const event: LookupEvent = { ...about, found: lookup?.stored.length, milliseconds: performance.now() - began }
  lookupChannel.publish(event)
}

export function tellCollapse({ about }: Exchange, action: CollapseEvent['action']): void {
  const event: CollapseEvent = { ...about, action }
  collapseChannel.publish(event)
}

export function tellStored(
  { about }: Exchange,
  action: StoreEvent['action'],
  { status, dropAt }: StorableHead,
  bodyBytes: number
): void {
  const event: StoreEvent = { ...about, action, status, bodyBytes, keptUntil: dropAt }
  storeChannel.publish(event)
}

const outcomes: Readonly<Record<ValidationDecision['action'], ValidateEvent['outcome']>> = {
  freshen: 'confirmed',
  'serve-stale': 'served-stale',
  'relay-part': 'relayed',
  relay: 'relayed',
  'send-plain': 'sent-again',
  replace: 'replaced'
}

/** `action` is unset where no answer came, and so is `status`. */
export function tellValidation(
  exchange: Exchange,
  { initialAge, lifetime, stored }: Assessed,
  reason: ForwardReason,
  { added }: ValidationRequest,
  action?: ValidationDecision['action'],
  status?: number
): void {
  const event: ValidateEvent = {
    ...exchange.about,
    reason,
    conditional: added,
    outcome: action === undefined ? 'failed' : outcomes[action],
    ...(status !== undefined && { status }),
    age: currentAge(initialAge, stored.responseTime, exchange.cache.settings.clock()),
    lifetime,
    background: exchange.isBackground
  }
  validateChannel.publish(event)
}
