import { describe, expect, it } from '@jest/globals'
import { request } from 'undici'
import type { Found } from '../src/store.js'
import { FaultyStore, Gate } from './faulty-store.js'
import { type Answer, type Ask, type SetUp, setUp } from './harness.js'
import { turns } from './no-stray-errors.js'

const kinds: [kind: string, make: () => FaultyStore][] = [
  ['a store in memory', () => new FaultyStore({ sync: true, keepsObjects: true })],
  ['a store elsewhere', () => new FaultyStore()]
]
/** One that rides along with the look-up, and one that is asked for later. */
const lengths = [10, 100_000]
const long = 100_000
const bodyOf = (n: number, length: number) => `${n}`.repeat(length)
const reload = { 'Cache-Control': 'no-cache' }

/** Each answer of the origin has its number in a field, in its validator and in its body; a validation waits for the gate. */
async function clientOf(store: FaultyStore, length: number, validated = new Gate()): Promise<SetUp> {
  return await setUp(store, (_setUp, { headers }, response, n) => {
    const { 'if-none-match': tag, 'x-validate': validates } = headers
    response.setHeader('Cache-Control', `max-age=60, x=${n}`).setHeader('X-N', n).setHeader('ETag', `"${n}"`)
    if (validates === undefined || tag === undefined) return void response.end(bodyOf(n, length))
    response.setHeader('ETag', tag)
    validated.opened.then(() => response.writeHead(304).end())
  })
}

/** What was answered is one of the origin's answers, in all its parts; its number. */
function whole({ headers, text }: Pick<Answer, 'headers' | 'text'>, length = long): number {
  const n = Number(headers['x-n'])
  expect([headers.etag, headers['cache-control'], text]).toEqual([`"${n}"`, `max-age=60, x=${n}`, bodyOf(n, length)])
  return n
}

async function answerOf(client: SetUp, ask: Ask = {}) {
  const { headers = {} } = ask
  const answer = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher, headers: headers as never })
  return { headers: answer.headers, text: await answer.body.text() }
}

describe.each(kinds)('what is changed between a look and what follows from it, with %s (row X12)', (_kind, make) => {
  it.each(lengths)(
    'is not confirmed by the 304 about the one before, %i bytes (ROB-04, UPD-05, VAL-14)',
    async (length) => {
      const validated = new Gate()
      const client = await clientOf(make(), length, validated)
      await client.get('/')
      const validation = answerOf(client, { headers: { ...reload, 'x-validate': '1' } })
      while (client.asked < 2) await turns()
      expect(whole(await answerOf(client, { headers: reload }), length)).toBe(2)
      await turns(6)
      validated.open()
      // The 304 confirms the first answer, and brings it fields; where its body is gone all of it is asked for again.
      const { headers, text } = await validation
      expect(text).toBe(bodyOf(Number(String(headers.etag).slice(1, -1)), length))
      await turns(6)
      expect([2, 3]).toContain(whole(await answerOf(client), length))
    }
  )

  it('is whole, or a miss, where it was removed in place of what was judged (ROB-03, ROB-04)', async () => {
    const looked = new Gate()
    const store = make()
    const client = await clientOf(store, long)
    await client.get('/')
    client.clock.advance(1_000_000)
    // It is past its time, so it is of no use; but before that is seen another takes its place.
    store.faults.get = (sound) => {
      const found = sound() as Found
      return looked.opened.then(() => found)
    }
    const late = answerOf(client)
    await turns()
    store.faults = {}
    expect(whole(await answerOf(client, { headers: reload }))).toBe(1)
    await turns(6)
    looked.open()
    const answers = [await late]
    for (let i = 0; i < 3; i++) {
      await turns(6)
      answers.push(await answerOf(client))
    }
    const asked = client.asked
    whole(await answerOf(client))
    expect(client.asked).toBe(asked)
    for (const answer of answers) expect(whole(answer)).toBeGreaterThan(0)
  })

  it('is whole, or a miss, where its body is asked for by the id of the one before (ROB-04, SEC-05)', async () => {
    const opened = new Gate()
    const store = make()
    const client = await clientOf(store, long)
    await client.get('/')
    store.faults.openBody = (sound) => opened.opened.then(sound)
    const late = answerOf(client)
    await turns(3)
    store.faults = {}
    expect(whole(await answerOf(client, { headers: reload }))).toBe(1)
    await turns(6)
    opened.open()
    whole(await late)
    expect(whole(await answerOf(client))).toBeGreaterThan(0)
  })
})
