import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channels } from '@cc/core'

/**
 * Metrics of all caches in this process, from the diagnostics channels.
 *
 * @param {import('@opentelemetry/api').Meter} meter
 * @returns {() => void} stops listening
 */
export function measureCaches(meter) {
  const requests = meter.createCounter('cache.requests', { description: 'Requests, by how the cache answered them' })
  const bytesSaved = meter.createCounter('cache.bytes_saved', {
    description: 'Content that came from the cache and not from the origin',
    unit: 'By'
  })
  const stored = meter.createCounter('cache.stored', { description: 'Responses stored, or updated' })
  const validations = meter.createCounter('cache.validations', { description: 'Validations, by what came of them' })
  const evictions = meter.createCounter('cache.evictions', { description: 'Responses dropped to stay within bounds' })
  const storeErrors = meter.createCounter('cache.store_errors', { description: 'What stores failed to do' })
  const lookUps = meter.createHistogram('cache.lookup.duration', {
    description: 'How long stores take to say what they have',
    unit: 'ms',
    advice: { explicitBucketBoundaries: [0.1, 0.5, 1, 5, 10, 50, 100, 250] }
  })

  // No URL among the attributes: each would be a time series of its own.
  const listeners = {
    [channels.decision]: ({ method, outcome, reason, servedBytes = 0, background }) => {
      if (background) return
      requests.add(1, { method, outcome, ...(reason && { reason }) })
      bytesSaved.add(servedBytes)
    },
    [channels.lookup]: ({ milliseconds }) => lookUps.record(milliseconds),
    [channels.store]: ({ action }) => stored.add(1, { action }),
    [channels.validate]: ({ outcome, background }) => validations.add(1, { outcome, background }),
    [channels.evict]: ({ store, responses }) => evictions.add(responses, { store }),
    [channels.storeFailure]: ({ operation }) => storeErrors.add(1, { operation })
  }
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener)
  }
}
