import { decisionOf } from '@cc/core/fetch'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'

/**
 * The same `fetch` with a span for each request, which says how the cache answered it. The decision is taken from the
 * response and not from the channel: a miss is told to channels after it was answered, when another span is active.
 *
 * @param {import('@cc/core/fetch').Fetch} fetch
 * @param {import('@opentelemetry/api').Tracer} tracer
 * @returns {(url: string, init?: import('undici').RequestInit) => Promise<import('undici').Response>}
 */
export function withSpans(fetch, tracer) {
  return (url, init) =>
    tracer.startActiveSpan(init?.method ?? 'GET', { kind: SpanKind.CLIENT }, async (span) => {
      try {
        const response = await fetch(url, init)
        span.setAttribute('http.response.status_code', response.status)
        span.setAttributes(attributesOf(decisionOf(response)))
        return response
      } catch (error) {
        // The message of an error may hold a URL with all its secrets.
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.name })
        throw error
      } finally {
        span.end()
      }
    })
}

/** @param {import('@cc/core').CacheDecision | undefined} decision */
function attributesOf(decision) {
  if (decision === undefined) return {}
  const { method, url, outcome, reason, stale, age, lifetime } = decision
  const all = {
    'http.request.method': method,
    // Without user name and password, and with *** for secrets in the query.
    'url.full': url,
    'cache.outcome': outcome,
    'cache.reason': reason,
    'cache.stale': stale,
    'cache.age': age,
    'cache.lifetime': lifetime
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
