import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { request } from 'undici'
import { type SetUp, setUp, stores } from '../harness.js'
import { turns } from '../no-stray-errors.js'
import { bodyOf, ChangingResource, type Language, languages, type Nature, type Release } from './changing-origin.js'

interface Asking {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly language: Language
  readonly range: string | undefined
  readonly cacheControl: string | undefined
  /** Reads nothing until it is told to, or asked to go away. */
  readonly isSlow: boolean
}

/** What happens, and how much time there is for what comes of it. */
type Step = Doing & { readonly turns: number }

type Doing =
  | { readonly do: 'ask'; readonly asking: Asking }
  | { readonly do: 'release'; readonly index: number; readonly release: Release }
  | { readonly do: 'abort' | 'read'; readonly index: number }
  | { readonly do: 'change' }
  | { readonly do: 'wait'; readonly seconds: number }

const nature: fc.Arbitrary<Nature> = fc.record({
  maxAge: fc.constantFrom(0, 10, 10, 10),
  staleWhileRevalidate: fc.constantFrom(0, 0, 20),
  directive: fc.constantFrom('', '', '', '', '', '', 'no-cache', 'no-store', 'must-revalidate'),
  varies: fc.boolean(),
  isFramed: fc.boolean(),
  isEarly: fc.boolean(),
  bytes: fc.constantFrom(40, 40, 70_000, 300_000)
})

const asking: fc.Arbitrary<Asking> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  language: fc.constantFrom(...languages),
  range: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    'bytes=0-9',
    'bytes=10-29',
    'bytes=5-',
    'bytes=-7',
    'bytes=30-'
  ),
  cacheControl: fc.constantFrom(undefined, undefined, undefined, undefined, 'no-cache', 'max-stale', 'only-if-cached'),
  isSlow: fc.boolean()
})

const doing: fc.Arbitrary<Doing> = fc.oneof(
  { weight: 8, arbitrary: asking.map((asking) => ({ do: 'ask', asking }) as const) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      index: fc.nat(5),
      release: fc.constantFrom<Release>(
        'whole',
        'whole',
        'whole',
        'whole',
        'whole',
        'whole',
        'half',
        'half',
        'half',
        'cut',
        'error',
        'reset'
      )
    })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('abort' as const, 'read' as const), index: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'change' } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 11, 15, 40) }) }
)

const step: fc.Arbitrary<Step> = fc
  .tuple(doing, fc.constantFrom(0, 1, 4, 12))
  .map(([doing, turns]) => ({ ...doing, turns }))

type Outcome =
  | { readonly status: number; readonly headers: Record<string, unknown>; readonly body: Buffer }
  | { readonly error: unknown }

/** A request of the run. */
class Asked {
  readonly aborting = new AbortController()
  /** The order it began in, and the time. */
  readonly began: { readonly at: number; readonly time: number }
  readonly done: Promise<void>
  outcome: Outcome | undefined
  /** The order it ended in. */
  ended: number | undefined
  /** The answers to the requests that were on their way when it began may be shared with it. */
  readonly overlaps: number
  readonly number: number
  read: () => void = () => {}

  constructor(
    readonly asking: Asking,
    client: SetUp,
    path: string,
    resource: ChangingResource,
    before: readonly Asked[]
  ) {
    this.number = before.length
    this.began = resource.now()
    this.overlaps = Math.min(
      this.began.at,
      ...before.filter(({ ended }) => ended === undefined).map(({ began }) => began.at)
    )
    const mayRead = new Promise<void>((resolve) => {
      this.read = resolve
      if (!asking.isSlow) resolve()
    })
    this.done = this.#ask(client, path, mayRead).then((outcome) => {
      this.outcome = outcome
      this.ended = resource.now().at
    })
  }

  get wasAborted(): boolean {
    return this.aborting.signal.aborted
  }

  async #ask(client: SetUp, path: string, mayRead: Promise<void>): Promise<Outcome> {
    const { method, language, range, cacheControl } = this.asking
    const given = { range, 'cache-control': cacheControl }
    const headers: Record<string, string> = { 'accept-language': language, 'x-number': String(this.number) }
    for (const [name, value] of Object.entries(given)) if (value !== undefined) headers[name] = value
    try {
      const { signal } = this.aborting
      const url = `${client.origin.url}${path}`
      const answer = await request(url, { method, headers, dispatcher: client.dispatcher, signal })
      await mayRead
      const body = Buffer.from(await answer.body.arrayBuffer())
      return { status: answer.statusCode, headers: answer.headers, body }
    } catch (error) {
      return { error }
    }
  }
}

/** What is wrong with how a request went; `undefined` if nothing is. */
function wrong(asked: Asked, all: readonly Asked[], resource: ChangingResource): string | undefined {
  const { asking, outcome } = asked
  const { nature, versions } = resource
  if (outcome === undefined) return 'it has no end'
  if ('error' in outcome) return asked.wasAborted || resource.hasFailed ? undefined : `it failed: ${outcome.error}`
  const { status, headers, body } = outcome
  if (asking.method === 'POST') return status === 200 || resource.hasFailed ? undefined : `POST ${status}`
  if (status === 500) return resource.hasFailed ? undefined : 'nothing failed'
  if (status === 504) return asking.cacheControl === 'only-if-cached' ? undefined : 'a 504'
  if (status === 416) return asking.range === 'bytes=30-' ? undefined : 'a 416'
  const [, number, language] = /^"(\d+) (.+)"$/.exec(String(headers.etag)) ?? []
  if (number === undefined || language === undefined) return `${status} without a version`
  if (language !== (nature.varies ? asking.language : '-')) return `the answer to another: ${language}`
  const version = versions[Number(number)]
  if (version === undefined) return `version ${number}`
  const whole = bodyOf(Number(number), language, nature)
  if (asking.method === 'GET') {
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers['content-range'])) ?? []
    if (status === 206 && asking.range === undefined) return 'a part that nobody asked for'
    if (status === 206 && Number(total) !== whole.length) return `a part of ${total}`
    const expected = status === 206 ? whole.subarray(Number(first), Number(last) + 1) : whole
    if (status !== 200 && status !== 206) return `${status}`
    if (!body.equals(expected)) return `${body.length} bytes of ${expected.length}, of version ${number}`
  }
  const { until } = version
  if (until === undefined || until.at > asked.began.at) return undefined
  for (const other of all) {
    const answered = resource.invalidated.get(String(other.number)) ?? Number.NEGATIVE_INFINITY
    const isOver = other.ended !== undefined && other.ended < asked.began.at
    const hasSucceeded = other.outcome !== undefined && 'status' in other.outcome && other.outcome.status < 400
    if (isOver && hasSucceeded && until.at <= answered) {
      return `version ${number}, which was invalidated`
    }
  }
  if (until.at > asked.overlaps) return undefined
  if (asking.cacheControl === 'no-cache' || nature.directive === 'no-cache' || nature.directive === 'no-store') {
    return `version ${number}, which nobody confirmed`
  }
  if (asking.cacheControl === 'max-stale' && nature.directive === '') return undefined
  const swr = nature.directive === 'must-revalidate' ? 0 : nature.staleWhileRevalidate
  const allowed = nature.maxAge + swr
  const behind = (asked.began.time - until.time) / 1000
  return behind <= allowed ? undefined : `version ${number}, outdated since ${behind} s`
}

/** A request that has no end by then has none. */
const hangMs = 60_000
let runs = 0

async function run(
  client: SetUp,
  resources: Map<string, ChangingResource>,
  nature: Nature,
  steps: readonly Step[]
): Promise<void> {
  const path = `/${runs++}`
  let at = 0
  const resource = new ChangingResource(nature, () => ({ at, time: client.clock.now }))
  resources.set(path, resource)
  const all: Asked[] = []
  const ask = (asking: Asking) => {
    const asked = new Asked(asking, client, path, resource, all)
    all.push(asked)
    return asked
  }
  const pending = () => all.filter(({ ended }) => ended === undefined)
  const settle = async () => {
    const until = performance.now() + hangMs
    while (pending().length > 0 && performance.now() < until) {
      at++
      for (const asked of pending()) asked.read()
      while (resource.held.length > 0) resource.release(0, 'whole')
      await turns(1)
    }
  }
  for (const step of steps) {
    at++
    switch (step.do) {
      case 'ask':
        ask(step.asking)
        break
      case 'release':
        resource.release(step.index, step.release)
        break
      case 'abort':
        pending()[step.index % pending().length]?.aborting.abort()
        break
      case 'read':
        pending()[step.index % pending().length]?.read()
        break
      case 'change':
        resource.change()
        break
      case 'wait':
        client.clock.advance(step.seconds)
        break
      default:
        step satisfies never
    }
    for (let i = 0; i < step.turns; i++) {
      at++
      await turns(1)
    }
  }
  await settle()
  // And what is left in the cache is right, too.
  for (const cacheControl of ['only-if-cached', undefined]) {
    for (const language of languages) {
      at++
      ask({ method: 'GET', language, range: undefined, cacheControl, isSlow: false })
      await settle()
    }
  }
  const problems = all
    .map((asked, i) => [i, wrong(asked, all, resource)] as const)
    .filter(([, problem]) => problem !== undefined)
  resources.delete(path)
  expect(problems).toEqual([])
}

/** Tries so many orders of what may happen, for each kind of store and each way to treat ranges. `limitMs` ends a hang. */
export function describeOrders(numRuns: number, limitMs: number): void {
  describe.each(['serve', 'store'] as const)('ranges: %s', (ranges) => {
    it.each(stores)(
      'COLL-01: INV-01: STALE-03: RNG-09: MSG-03: whatever happens in whichever order, nobody gets what he could not have had, with %s',
      async (_name, makeStore) => {
        const resources = new Map<string, ChangingResource>()
        const client = await setUp(
          makeStore(),
          (_setUp, request, response) => {
            const resource = resources.get(request.path)
            if (resource === undefined) response.destroy()
            else resource.receive(request, response)
          },
          { ranges }
        )
        await fc.assert(
          fc.asyncProperty(nature, fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }), (nature, steps) =>
            run(client, resources, nature, steps)
          ),
          { numRuns }
        )
      },
      limitMs
    )
  })
}
