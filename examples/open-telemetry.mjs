// Metrics and spans of a cache for OpenTelemetry: run it with `node examples/open-telemetry.mjs`. In a program of yours,
// exporters take the place of the ones in memory.
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { channels } from '@cc/core'
import { createFetch } from '@cc/core/fetch'
import { DictStore } from '@cc/store-dict'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Agent } from 'undici'
import { measureCaches } from './open-telemetry/metrics.mjs'
import { withSpans } from './open-telemetry/spans.mjs'

const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: metrics })] })
const spans = new InMemorySpanExporter()
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })

const origin = createServer((request, response) => {
  response.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"a"')
  response.writeHead(request.headers['if-none-match'] === '"a"' ? 304 : 200).end('four')
}).listen(0, '127.0.0.1')
await once(origin, 'listening')
const url = `http://127.0.0.1:${origin.address().port}/?token=secret`

const stop = measureCaches(meters.getMeter('example'))
const agent = new Agent()
// shared: the process acts for many users. The store has room for one response.
const cached = createFetch({ dispatcher: agent, store: new DictStore({ maxEntries: 1 }) })
const fetch = withSpans(cached, tracers.getTracer('example'))
const ask = async (url, init) => (await fetch(url, init)).text()

const decided = decisions(4)
await ask(url) // a miss
await ask(url) // a hit
await ask(url, { cache: 'no-cache' }) // validated
await ask(`${url}&other`) // a miss, which drives the first one out
// A decision is told when storing is over, too, which can be after the caller has the answer.
await decided

stop()
await meters.forceFlush()
await agent.close()
origin.close()

for (const { descriptor, dataPoints } of metrics.getMetrics().at(-1).scopeMetrics[0].metrics) {
  for (const { attributes, value } of dataPoints) {
    const labels = Object.entries(attributes).map(([name, value]) => `${name}=${value}`)
    const shown = typeof value === 'object' ? `${value.count} measured` : `${value} ${descriptor.unit}`.trim()
    console.log(descriptor.name, `{${labels.join(' ')}}`, shown)
  }
}
for (const { attributes } of spans.getFinishedSpans()) {
  console.log(
    'span',
    attributes['cache.outcome'],
    attributes['cache.reason'] ?? '-',
    new URL(attributes['url.full']).search
  )
}
await Promise.all([meters.shutdown(), tracers.shutdown()])

/** Resolves when so many requests are over. */
function decisions(count) {
  return new Promise((resolve) => {
    let heard = 0
    subscribe(channels.decision, () => {
      if (++heard === count) resolve()
    })
  })
}
