import { describe, expect, it } from '@jest/globals'
import { request } from 'undici'
import { FaultyStore, Gate } from './faulty-store.js'
import { setUp } from './harness.js'
import { turns } from './no-stray-errors.js'
import { generations, Recorder } from './recorder.js'

const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]
const bodyOf = (n: number) => Buffer.alloc(300_000, `${n}`)

/** Each answer of the origin has its number in a field, in its validator and in every byte of its body. */
const clientOf = (store: FaultyStore) =>
  setUp(store, (_setUp, { headers }, response, n) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('X-N', n).setHeader('ETag', `"${n}"`)
    if (headers['x-validate'] && headers['if-none-match'])
      response.setHeader('ETag', headers['if-none-match']).writeHead(304).end()
    else response.end(bodyOf(n))
  })

const reload = { 'Cache-Control': 'no-cache' }

describe.each(kinds)('ROB-04: with $kind', ({ make }) => {
  it.each(generations)(
    'a response that is replaced while it is read ends as it began (%s handler)',
    async (generation) => {
      const client = await clientOf(make())
      await client.get('/')
      const recorder = new Recorder(generation, (step, control) => {
        if (step === 'head') control.pause()
      })
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
      await recorder.seen('head 200')
      expect(await client.get('/', { headers: reload })).toMatchObject({
        headers: { 'x-n': '1' },
        decision: { stored: true }
      })
      recorder.control.resume()
      await recorder.over
      expect(recorder).toMatchObject({ errors: [], misplaced: [] })
      expect(recorder.rawHeaders.map(String)).toEqual(expect.arrayContaining(['X-N', '0']))
      expect(Buffer.concat(recorder.chunks).equals(bodyOf(0))).toBe(true)
      expect(await client.get('/')).toMatchObject({ headers: { 'x-n': '1' }, text: bodyOf(1).toString() })
    }
  )

  it('one that is replaced between its look-up and its body is never made of two', async () => {
    const gate = new Gate()
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    const key = `${client.origin.url}/`
    const storedNow = async () => (await store.get(key)).responses[0]?.response
    const response = await storedNow()
    store.faults.get = () => gate.opened.then(() => ({ responses: [{ response }] }))
    const answer = client.get('/')
    await turns()
    store.faults = {}
    const { body } = await request(key, { dispatcher: client.dispatcher, headers: reload })
    await body.arrayBuffer()
    while ((await storedNow())?.id === response?.id) await turns()
    gate.open()
    const { headers, text, decision } = await answer
    expect(decision).toMatchObject({ outcome: expect.stringMatching(/^(hit|miss)$/) })
    expect(text).toBe(bodyOf(Number(headers['x-n'])).toString())
  })

  it('a reader sees the fields from before an update or from after it, and the same body', async () => {
    const client = await clientOf(make())
    await client.get('/')
    const recorder = new Recorder('new', (step, control) => {
      if (step === 'head') control.pause()
    })
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('head 200')
    await client.get('/', { headers: { ...reload, 'X-Validate': '1' } })
    await turns()
    recorder.control.resume()
    await recorder.over
    expect(recorder.headers).toMatchObject({ 'x-n': '0', etag: '"0"' })
    expect(Buffer.concat(recorder.chunks).equals(bodyOf(0))).toBe(true)
    const updated = await client.get('/')
    expect(updated).toMatchObject({ headers: { 'x-n': '1', etag: '"0"' }, text: bodyOf(0).toString() })
    expect(updated.decision.outcome).toBe('hit')
  })
})
