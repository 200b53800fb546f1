import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { setUp, stores } from './harness.js'
import { Recorder } from './recorder.js'

/** Names that every object has, and ones that mean something to programs. */
const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'length'
]

const prototypes = [Object.prototype, Array.prototype, Function.prototype, Map.prototype]
const before = prototypes.map((prototype) => Reflect.ownKeys(prototype))

afterEach(() => {
  expect(prototypes.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before)
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

/** Of an object that may have an own property of any name. */
const own = (headers: object, name: string) => Object.getOwnPropertyDescriptor(headers, name.toLowerCase())?.value

describe.each(stores)('names that objects have of themselves, with %s (row X4)', (_name, makeStore) => {
  it.each(names)('are field names like others, once or more often: %s (FLD-01, SEC-05)', async (name) => {
    for (const value of ['x', ['x', 'y']]) {
      const respond = answering(ok('max-age=60', Object.fromEntries([[name, value]])))
      const client = await setUp(makeStore(), respond, { type: 'private' })
      for (const outcome of ['miss', 'hit']) {
        const { headers, text, decision } = await client.get('/')
        expect([own(headers, name), text, decision.outcome]).toEqual([value, 'body 0', outcome])
      }
      const recorder = new Recorder('new')
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
      await recorder.over
      expect([own(recorder.headers, name), Object.getPrototypeOf(recorder.headers)]).toEqual([value, Object.prototype])
    }
  })

  it.each(names)('select in Vary, where a request has them and where not: %s (VARY-01, SEC-05)', async (name) => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: name })))
    const requests = [{}, { headers: [name, 'a'] }, { headers: [name, 'b'] }, { headers: [name, ''] }]
    const answers: string[] = []
    for (const ask of [...requests, ...requests]) answers.push((await client.get('/', ask)).text)
    expect(answers.slice(0, 4)).toEqual(['body 0', 'body 1', 'body 2', 'body 3'])
    expect(answers.slice(4)).toEqual(answers.slice(0, 4))
  })

  it.each(names)('are parts of keys: as path, query, partition and key field: %s (KEY-04, SEC-05)', async (name) => {
    const options = {
      partition: ({ field }: { field: (name: string) => string | undefined }) => field('x-tenant') ?? '',
      keyFields: [name]
    }
    let n = 0
    const respond = (_setUp: unknown, _request: unknown, response: ServerResponse) =>
      void response.setHeader('Cache-Control', 'max-age=60').end(`body ${n++}`)
    const client = await setUp(makeStore(), respond, options)
    const asked: [path: string, headers: string[]][] = [
      ['/', []],
      [`/${name}`, []],
      [`/?${name}`, []],
      [`/?${name}=x`, []],
      ['/', ['x-tenant', name]],
      ['/', [name, 'x']],
      ['/', [name, name]]
    ]
    const answers: string[] = []
    for (const [path, headers] of [...asked, ...asked]) answers.push((await client.get(path, { headers })).text)
    expect(answers.slice(0, asked.length)).toEqual(asked.map((_, n) => `body ${n}`))
    expect(answers.slice(asked.length)).toEqual(answers.slice(0, asked.length))
  })

  it.each(names)(
    'are directives without effect, and fields that directives name: %s (PARSE-02, RESP-02)',
    async (name) => {
      for (const cacheControl of [`${name}, max-age=60`, `${name}=1, max-age=60`, `max-age=60, no-cache="${name}"`]) {
        const client = await setUp(makeStore(), answering(ok(cacheControl, Object.fromEntries([[name, 'x']]))))
        await client.get('/')
        const { headers, decision } = await client.get('/', { headers: ['cache-control', `${name}, ${name}=1`] })
        expect([decision.outcome, own(headers, name)]).toEqual([
          'hit',
          cacheControl.includes('no-cache') ? undefined : 'x'
        ])
      }
    }
  )

  it.each(names)('may be named by Connection and be credentials: %s (FLD-02, AUTH-07)', async (name) => {
    const respond = answering(
      ok(
        'max-age=60',
        Object.fromEntries([
          ['Connection', `${name}, close`],
          [name, 'x']
        ])
      )
    )
    const client = await setUp(makeStore(), respond, { credentialFields: [name] })
    await client.get('/', { headers: [name, 'a'] })
    const { headers, decision } = await client.get('/', { headers: [name, 'a'] })
    expect([decision.outcome, own(headers, name)]).toEqual(['hit', undefined])
    expect((await client.get('/', { headers: [name, 'b'] })).decision.outcome).toBe('miss')
  })
})
