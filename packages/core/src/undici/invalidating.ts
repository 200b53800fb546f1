import { whenReady } from '../awaitable.js'
import { fieldMap } from '../rules/fields.js'
import { invalidates, invalidationKeys } from '../rules/invalidation.js'
import type { Exchange } from './exchange.js'
import { Relay } from './relay.js'

/** Sends an unsafe request on; what its answer makes outdated is invalid before the caller sees it. RFC 9111 §4.4. */
export function forwardUnsafe(exchange: Exchange): void {
  const { caller, asked, cache, budget } = exchange
  const { responses, settings } = cache
  exchange.send(asked.opts, {
    received: (response) => {
      const { status } = response
      const told = () => exchange.tell({ outcome: 'bypass', reason: 'method', status })
      const relay = new Relay(caller, response, { copy: undefined, ended: told })
      if (!invalidates(status)) return relay
      const keys = invalidationKeys(asked.target, fieldMap(response.fields), settings.rules)
      return whenReady(responses.invalidate(keys, budget), () => relay)
    },
    failed: (error, wasSent) => {
      exchange.tell({ outcome: 'bypass', reason: 'method' })
      // It may have reached the origin and changed something there (INV-07).
      const invalidated = wasSent ? responses.invalidate([asked.key.target], budget) : undefined
      whenReady(invalidated, () => caller.fail(error))
    }
  })
}
