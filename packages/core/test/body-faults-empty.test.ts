import { describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import { stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import { undiciMajor } from './platform.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { clientOf, decided } from './scripted-requests.js'

const fresh = 'Cache-Control: max-age=60'

/** Answers without a body, or with one of no bytes. Where the end is given, the connection ends after the answer. */
const answers: readonly {
  readonly what: string
  readonly method?: 'HEAD'
  readonly head: readonly string[]
  readonly body?: string
  readonly before?: readonly string[]
  readonly ends?: true
  readonly isStored?: true
}[] = [
  {
    what: 'HEAD, as if in chunks',
    method: 'HEAD',
    head: ['200 OK', fresh, 'Transfer-Encoding: chunked'],
    isStored: true
  },
  { what: 'HEAD of nothing', method: 'HEAD', head: ['200 OK', fresh, 'Content-Length: 0'], isStored: true },
  {
    what: 'HEAD and the connection ends',
    method: 'HEAD',
    head: ['200 OK', fresh, 'Connection: close'],
    ends: true,
    isStored: true
  },
  {
    what: 'HEAD of what is not there',
    method: 'HEAD',
    head: ['404 Not Found', fresh, 'Content-Length: 9'],
    isStored: true
  },
  {
    what: 'HEAD that has a body',
    method: 'HEAD',
    head: ['200 OK', fresh, 'Content-Length: 4'],
    body: 'body',
    ends: true,
    isStored: true
  },
  { what: '204', head: ['204 No Content', fresh], isStored: true },
  { what: '204 with a length of 0', head: ['204 No Content', fresh, 'Content-Length: 0'], isStored: true },
  // An error for undici 7, no body for undici 8.
  {
    what: '204 with a length',
    head: ['204 No Content', fresh, 'Content-Length: 5'],
    ends: true,
    ...(undiciMajor === 8 && { isStored: true as const })
  },
  {
    what: '204 in chunks',
    head: ['204 No Content', fresh, 'Transfer-Encoding: chunked'],
    body: '0\r\n\r\n',
    ends: true,
    isStored: true
  },
  {
    what: '200 of no chunks',
    head: ['200 OK', fresh, 'Transfer-Encoding: chunked'],
    body: '0\r\n\r\n',
    isStored: true
  },
  { what: '200 of no bytes', head: ['200 OK', fresh, 'Content-Length: 0'], isStored: true },
  { what: '200 of nothing but the end of the connection', head: ['200 OK', fresh], ends: true },
  { what: '304 that nobody asked for', head: ['304 Not Modified', fresh, 'ETag: "a"'] },
  { what: '404 of no bytes', head: ['404 Not Found', fresh, 'Content-Length: 0'], isStored: true },
  {
    what: 'hints, then 204',
    before: ['103 Early Hints', 'Link: </a>'],
    head: ['204 No Content', fresh],
    isStored: true
  },
  {
    what: 'hints, then 200 of no bytes',
    before: ['103 Early Hints', fresh],
    head: ['200 OK', fresh, 'Content-Length: 0'],
    isStored: true
  },
  { what: 'hints, then the end of the connection', before: ['103 Early Hints', fresh], head: [], ends: true },
  {
    what: '102, then half a body',
    before: ['102 Processing'],
    head: ['200 OK', fresh, 'Content-Length: 4'],
    body: 'bo',
    ends: true
  }
]

async function seen(url: string, method: 'GET' | 'HEAD', dispatcher: Dispatcher) {
  try {
    const { statusCode, headers, body } = await request(url, { dispatcher, method })
    const { age: _age, date: _date, ...fields } = headers
    return { statusCode, fields, text: await body.text() }
  } catch {
    return 'an error'
  }
}

describe.each(stores)('with %s, an answer without a body (row B9)', (_name, makeStore) => {
  it.each(answers)('($what) is what it is without a cache, twice (MSG-01, MSG-02)', async (answer) => {
    const { method = 'GET', before, head, body = '', ends, isStored } = answer
    const origin = await rawOrigin((socket) => {
      for (const [first = '', ...rest] of [before ?? [], head]) {
        if (first !== '') writeRaw(socket, [`HTTP/1.1 ${first}`, ...rest], before?.[0] === first ? '' : body)
      }
      if (ends) socket.end()
    })
    const agent = new Agent()
    const bare = await seen(origin.url, method, agent)
    await agent.destroy()
    const client = await clientOf(makeStore())
    for (let i = 0; i < 2; i++) {
      const got = await decided(client, () => seen(origin.url, method, client.dispatcher))
      const endures = i === 1 && isStored ? withoutConnection(bare) : bare
      expect(got).toEqual(endures)
      await turns(20)
    }
    expect(client.decisions.map(({ stored }) => stored)).toEqual(isStored ? [true, false] : [false, false])
    expect(origin.requests).toHaveLength(isStored ? 2 : 3)
  })
})

/** What a cache may keep of it. RFC 9111 §3.1. */
function withoutConnection(bare: Awaited<ReturnType<typeof seen>>): unknown {
  if (typeof bare === 'string') return bare
  const { connection, 'transfer-encoding': _coding, ...fields } = bare.fields
  return { ...bare, fields }
}
