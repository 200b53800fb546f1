import type { CacheMode, CacheOptions } from '@cc/core'

/** One thing a caller does. */
export interface Step {
  /** Name of what is asked for. */
  readonly ask: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What the caller wants of caches, in the words of the Fetch standard. */
  readonly mode?: CacheMode
  /** Seconds that pass before. */
  readonly after?: number
  /** How many ask the same at the same time. */
  readonly times?: number
  /** Gives the answer up before anything has come of it, at its head, or when the first of its bytes have come. */
  readonly abort?: 'at once' | 'head' | 'data'
  /** The answer to this earlier step will do too: a stale response was allowed. */
  readonly orAsIn?: number
  /** The answer to this earlier step will do too if the store lies, and so could not be told to remove it: it is still fresh. */
  readonly ifKeptAsIn?: number
}

/** What a caller does one after another, and that the answers are those of an origin without a cache. */
export interface Scenario {
  readonly name: string
  readonly options?: Omit<CacheOptions, 'store' | 'storeTimeoutMs' | 'clock' | 'onDecision'>
  readonly steps: readonly Step[]
}

const get = (ask: string, more: Omit<Step, 'ask'> = {}): Step => ({ ask, ...more })
const change = (ask: string, method = 'POST'): Step => ({ ask, method })
const twice = (ask: string, more: Omit<Step, 'ask'> = {}) => [get(ask, more), get(ask, more)]
const withFields = (headers: Record<string, string>) => ({ headers })
const again = withFields({ 'Cache-Control': 'no-cache' })
const later = { after: 5 }
const severalUsers = ['private', 'public'].flatMap((ask) =>
  ['one', 'two', 'one', 'two'].map((user) => get(ask, withFields({ Authorization: `Bearer ${user}` })))
)

const range = (bytes: string) => withFields({ Range: `bytes=${bytes}` })
const question = (body: string, more: Omit<Step, 'ask' | 'method' | 'body'> = {}): Step => ({
  ask: 'asked-by-content',
  method: 'QUERY',
  body,
  ...more
})

/** Something of everything: every lie is told in it. */
export const medley: Scenario = {
  name: 'something of everything',
  steps: [
    ...['fresh', 'long'].flatMap((ask) => [
      ...twice(ask),
      change(ask, 'PUT'),
      ...twice(ask),
      get(ask, again),
      get(ask, { method: 'HEAD' })
    ]),
    get('long', { abort: 'data' }),
    get('long', { times: 2 }),
    ...['de', 'en', 'de'].map((language) => get('vary', withFields({ 'Accept-Language': language }))),
    get('passing'),
    get('passing', later),
    get('brief'),
    get('brief', later),
    change('brief'),
    get('brief', later)
  ]
}

/** The requests of the interceptor's tests, without what these expect of the store. */
export const scenarios: readonly Scenario[] = [
  medley,
  { name: 'a hit, also after a HEAD', steps: [...twice('fresh'), get('fresh', { method: 'HEAD' }), get('fresh')] },
  { name: 'a validation, forced and not', steps: [get('fresh'), get('fresh', again), get('fresh'), ...twice('asked')] },
  { name: 'stale, then confirmed', steps: [...twice('brief'), get('brief', later), get('brief'), get('brief', later)] },
  { name: 'confirmed by its date', steps: [...twice('dated'), get('dated', later), get('dated')] },
  { name: 'stale, then changed', steps: [get('brief'), change('other'), get('brief', later), get('brief')] },
  {
    name: 'confirmed, with a long body',
    steps: [get('long-brief'), get('long-brief', later), get('long-brief'), get('long-brief', later)]
  },
  {
    name: 'changed, with a long body',
    steps: [get('long-brief'), change('other'), get('long-brief', later), get('long-brief')]
  },
  {
    name: 'stale while it is validated',
    steps: [
      get('lenient'),
      get('lenient', later),
      get('lenient'),
      change('other'),
      get('lenient', { ...later, orAsIn: 0 })
    ]
  },
  {
    name: 'stale because the origin fails',
    steps: [
      get('lenient'),
      get('lenient', { after: 70 }),
      get('lenient', { ...later, ...withFields({ 'X-Fail': '1' }), orAsIn: 0 }),
      get('lenient')
    ]
  },
  {
    name: 'stale because the origin is gone',
    steps: [
      get('lenient'),
      get('lenient', { ...later, ...withFields({ 'X-Fail': 'reset' }), orAsIn: 0 }),
      get('lenient', { after: 70 }),
      get('fresh', withFields({ 'X-Fail': 'reset', 'Cache-Control': 'no-cache' })),
      ...twice('fresh')
    ]
  },
  {
    name: 'keys that have more in them than their target',
    options: { keyFields: ['X-Tenant'] },
    steps: ['fresh', 'long', 'brief'].flatMap((ask) => [
      ...['one', 'two', 'one'].map((tenant) => get(ask, withFields({ 'X-Tenant': tenant }))),
      get(ask, { ...later, ...withFields({ 'X-Tenant': 'one' }) }),
      change(ask, 'PUT'),
      ...['one', 'two', 'one'].map((tenant) => get(ask, withFields({ 'X-Tenant': tenant })))
    ])
  },
  {
    name: 'a HEAD that confirms, and one that does not',
    steps: [
      ...twice('fresh'),
      get('fresh', { method: 'HEAD', ...again }),
      get('fresh'),
      change('other'),
      get('fresh', { method: 'HEAD', ...again }),
      // Where what is outdated could not be marked, it is still fresh.
      ...twice('fresh', { ifKeptAsIn: 0 })
    ]
  },
  {
    name: 'confirmed, and selected by other fields from then on',
    steps: ['short-moving', 'long-moving'].flatMap((ask) => [
      ...twice(ask, withFields({ 'Accept-Language': 'de' })),
      change('other'),
      get(ask, { ...later, ...withFields({ 'Accept-Language': 'de', 'X-Other': '1' }) }),
      get(ask, withFields({ 'Accept-Language': 'en', 'X-Other': '1' })),
      get(ask, withFields({ 'Accept-Language': 'en', 'X-Other': '2' }))
    ])
  },
  {
    name: 'variants',
    steps: [
      ...['de', 'en', 'de', 'fr', 'en'].map((language) => get('vary', withFields({ 'Accept-Language': language }))),
      change('vary', 'PUT'),
      ...['de', 'en', 'de'].map((language) => get('vary', withFields({ 'Accept-Language': language })))
    ]
  },
  { name: 'a HEAD alone', steps: [get('fresh', { method: 'HEAD' }), get('fresh', { method: 'HEAD' }), get('fresh')] },
  { name: 'a change by POST', steps: [...twice('fresh'), change('fresh'), ...twice('fresh')] },
  {
    name: 'changes by PUT and DELETE',
    steps: [...twice('fresh'), change('fresh', 'PUT'), get('fresh'), change('fresh', 'DELETE'), ...twice('fresh')]
  },
  { name: 'a change of what is long', steps: [...twice('long'), change('long', 'PUT'), ...twice('long')] },
  {
    name: 'what is not stored',
    steps: [
      ...twice('no-store'),
      change('no-store'),
      get('no-store'),
      ...twice('fresh', withFields({ 'Cache-Control': 'no-store' }))
    ]
  },
  {
    name: 'what is of no more use',
    steps: [...twice('passing'), get('passing', later), get('passing', { after: 90_000 }), get('passing')]
  },
  {
    name: 'what is not stored any more',
    steps: [...twice('retired'), change('other'), get('retired', again), ...twice('retired', { ifKeptAsIn: 0 })]
  },
  {
    name: 'what is gone by now',
    steps: [...twice('removed'), change('other'), get('removed', again), ...twice('removed', { ifKeptAsIn: 0 })]
  },
  { name: 'several users', steps: severalUsers },
  { name: 'several users of a private cache', options: { type: 'private' }, steps: severalUsers },
  { name: 'other statuses', steps: ['moved', 'missing', 'gone', 'nothing', 'empty'].flatMap((ask) => twice(ask)) },
  { name: 'what the origin coded', steps: twice('coded') },
  { name: 'a long body', steps: [...twice('long'), get('long', { method: 'HEAD' }), get('long', again), get('long')] },
  { name: 'a body of several pieces', steps: [...twice('huge'), get('huge')] },
  { name: 'a body of unknown length', steps: [...twice('chunked'), ...twice('trailers')] },
  { name: 'interim responses', steps: twice('hinted') },
  {
    name: 'aborts',
    steps: [
      get('long', { abort: 'at once' }),
      get('long', { abort: 'data' }),
      get('long'),
      get('long', { abort: 'head' }),
      get('long', { abort: 'data' }),
      get('long', { abort: 'at once' }),
      get('long')
    ]
  },
  {
    name: 'aborts of what has several pieces',
    steps: [
      get('huge', { abort: 'data' }),
      get('huge'),
      get('huge', { abort: 'data' }),
      get('huge', { abort: 'head' }),
      get('huge', { abort: 'at once' }),
      get('huge')
    ]
  },
  {
    name: 'aborts of validations',
    steps: [
      get('long-brief'),
      get('long-brief', { ...later, abort: 'at once' }),
      get('long-brief', { abort: 'head' }),
      get('long-brief', { ...later, abort: 'data' }),
      get('long-brief', later)
    ]
  },
  {
    name: 'many at once',
    steps: [
      get('fresh', { times: 4 }),
      get('fresh', { times: 4 }),
      change('fresh'),
      get('fresh', { times: 4 }),
      get('long', { times: 2 })
    ]
  },
  {
    name: 'many validations at once',
    steps: [get('brief'), get('brief', { ...later, times: 4 }), get('brief', { times: 2 })]
  },
  {
    name: 'preconditions of the caller',
    steps: [
      get('brief', withFields({ 'If-None-Match': '"0"' })),
      get('brief'),
      get('brief', withFields({ 'If-None-Match': '"0"' })),
      get('brief', { ...later, ...withFields({ 'If-None-Match': '"0"' }) }),
      get('brief', withFields({ 'If-None-Match': '"other"' })),
      change('brief'),
      get('brief', withFields({ 'If-None-Match': '"0"' })),
      get('brief')
    ]
  },
  {
    name: 'ranges',
    steps: [get('long', range('1-4')), get('long'), get('long', range('1-4')), get('long')]
  },
  {
    name: 'parts that are stored, and the rest of them',
    options: { ranges: 'store' },
    steps: [
      ...twice('long', range('0-99999')),
      get('long', range('50-99')),
      ...twice('long'),
      change('long', 'PUT'),
      get('long', range('200000-299999')),
      get('long', range('100000-199999')),
      get('long', range('150000-250000')),
      get('long', range('0-99999')),
      get('long')
    ]
  },
  {
    name: 'parts of what has changed meanwhile',
    options: { ranges: 'store' },
    steps: [
      get('long-brief', range('0-99999')),
      change('other'),
      get('long-brief', { ...later, ...range('0-99999') }),
      get('long-brief', later),
      get('long-brief', later)
    ]
  },
  {
    name: 'what broke off is completed',
    options: { ranges: 'store' },
    steps: [
      get('long', { abort: 'data' }),
      ...twice('long'),
      change('long'),
      get('long', { abort: 'head' }),
      get('long')
    ]
  },
  {
    name: 'questions',
    steps: [
      ...['a', 'b', 'a'].map((body) => question(body)),
      question('a', later),
      question('a', again),
      change('asked-by-content'),
      question('a'),
      question('a', { times: 3 })
    ]
  },
  {
    name: 'groups, one member of which makes the others invalid',
    steps: [
      ...twice('grouped'),
      ...twice('grouped-too'),
      change('of-the-group'),
      ...twice('grouped'),
      get('grouped-too', { times: 2 }),
      get('grouped-too', later)
    ]
  },
  {
    name: 'queries that make no difference',
    options: { noVarySearch: true },
    steps: [
      get('searched?utm=1'),
      get('searched?utm=2'),
      get('searched?utm=3', later),
      get('searched?id=1&utm=1'),
      change('searched?utm=1'),
      get('searched?utm=1'),
      get('searched?utm=1')
    ]
  },
  {
    name: 'an answer to POST that is one to GET',
    steps: [get('posted'), change('posted'), ...twice('posted'), change('posted', 'PUT'), get('posted')]
  },
  {
    name: 'fields for this cache',
    options: { targetedFields: ['CDN-Cache-Control'] },
    steps: [...twice('targeted'), get('targeted', later), change('targeted'), get('targeted')]
  },
  {
    name: 'modes of requests',
    steps: (['default', 'no-store', 'reload', 'no-cache'] as const).flatMap((mode) => [
      get('fresh', { mode }),
      get('brief', { ...later, mode }),
      change('brief'),
      get('brief', { ...later, mode })
    ])
  },
  {
    name: 'one lock for several processes',
    options: { collapseAcrossProcesses: true },
    steps: [
      get('fresh', { times: 3 }),
      get('brief'),
      get('brief', { ...later, times: 3 }),
      get('lenient'),
      get('lenient', { times: 2 })
    ]
  },
  { ...medley, name: 'something of everything, with parts', options: { ranges: 'store' } },
  { ...medley, name: 'something of everything, by other queries', options: { noVarySearch: true } },
  { ...medley, name: 'something of everything, across processes', options: { collapseAcrossProcesses: true } },
  { ...medley, name: 'something of everything, signed', options: { integrityKey: 'k'.repeat(32) } },
  { ...medley, name: 'something of everything, with Cache-Status', options: { cacheStatus: 'Test' } },
  { ...medley, name: 'something of everything, each alone', options: { collapse: false } }
]
