import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { StoredResponse } from '../../src/rules/messages.js'
import { answering, ok } from '../answers.js'
import { FaultyStore } from '../faulty-store.js'
import { type Ask, setUp } from '../harness.js'

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

afterEach(() => {
  jest.restoreAllMocks()
})

type Stored = { response: StoredResponse; body?: Uint8Array }

const ann: Ask = { headers: { cookie: 'id=ann' } }
const bob: Ask = { headers: { cookie: 'id=bob' } }

/** Each part is one that could be stored; together they cannot have been. */
const incoherent: [what: string, first: Ask, change: (stored: Stored) => unknown, then: Ask][] = [
  ['what is selected by has gone missing', ann, ({ response }) => ({ response: { ...response, selecting: [] } }), bob],
  [
    'what is selected by is that of another',
    ann,
    ({ response }) => ({ response: { ...response, selecting: [['cookie', null]] } }),
    {}
  ],
  [
    'the method is another',
    { method: 'HEAD' },
    ({ response }) => ({ response: { ...response, method: 'GET' as const } }),
    {}
  ],
  [
    'body and digests are no longer what they were',
    {},
    ({ response: { digests, ...response }, body }) => ({
      response,
      body: Buffer.from('BODY 0').subarray(0, body?.length)
    }),
    {}
  ],
  ...[206, 304, 429].map((status): (typeof incoherent)[number] => [
    `the status is ${status}, which is never stored`,
    {},
    ({ response, body }) => ({ response: { ...response, status }, body }),
    {}
  ]),
  ...[
    ['a part, though its status says that it is all', {}],
    ['a part, kept where a whole is', { status: 206 }],
    ['a part beyond its whole', { status: 206, part: { first: 2 ** 40, total: 10 } }],
    ['a part that is no part', { status: 206, part: 5 }]
  ].map(([what, changes]): (typeof incoherent)[number] => [
    `it is ${what}`,
    {},
    ({ response, body }) => ({
      response: { ...response, part: { first: 0, total: 10 }, ...(changes as object) },
      body
    }),
    {}
  ]),
  ...[204].map((status): (typeof incoherent)[number] => [
    `the status is ${status}, which has no body`,
    {},
    ({ response, body }) => ({ response: { ...response, status }, body }),
    {}
  ])
]

describe('a stored response whose parts do not belong together (row X5)', () => {
  it.each(incoherent)('is a miss, and no answer for anybody: %s (SEC-05)', async (_what, first, change, then) => {
    const store = new FaultyStore()
    const client = await setUp(store, answering(ok('max-age=60')))
    await client.get('/', first)
    store.faults.get = async (sound) => {
      const found = structuredClone(await sound())
      return { responses: found.responses.map((stored) => ({ body: stored.body, ...(change(stored) as object) })) }
    }
    const { status, text, decision } = await client.get('/', then)
    expect({ status, text, outcome: decision.outcome }).toEqual({ status: 200, text: 'body 1', outcome: 'miss' })
  })
})
