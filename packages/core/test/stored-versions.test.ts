import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import type { Found } from '../src/store.js'
import { FaultyStore } from './faulty-store.js'
import { setUp } from './harness.js'
import { turns } from './no-stray-errors.js'

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

const versions = [0, 2, -1, 1.5, '1', '2', null, true, [1], {}, 2 ** 53]

describe('a response of another version of this library (SEC-05) (row X1)', () => {
  /** What other code has written, whatever the rest of it looks like by then. */
  async function answeredWith(version: unknown, change: object) {
    const store = new FaultyStore()
    const client = await setUp(store, (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end('text')
    })
    await client.get('/')
    const sound = client.decisions.length
    store.faults.get = async (get) => {
      const found = structuredClone(await get()) as Found
      const responses = found.responses.map(({ response, ...found }) => ({
        ...found,
        response: { ...response, formatVersion: version, ...change }
      }))
      return { ...found, responses }
    }
    store.faults.set = () => {}
    const answers = [await client.get('/'), await client.get('/', { headers: { 'Cache-Control': 'no-cache' } })]
    await turns()
    for (const { text, status } of answers) expect([text, status]).toEqual(['text', 200])
    expect(client.decisions.slice(sound).map(({ outcome }) => outcome)).toEqual(['miss', 'miss'])
    expect(store.calls).not.toContain('delete')
    expect(store.calls).not.toContain('update')
  }

  it.each(versions)('%j is a miss, and never removed or updated', async (version) => {
    await answeredWith(version, {})
    await answeredWith(version, { fields: undefined, key: undefined, marks: 5 })
  })

  it('that nobody knows yet is a miss too', async () => {
    const unknown = fc.anything().filter((version) => version !== 1 && isCloneable(version))
    await fc.assert(fc.asyncProperty(unknown, fc.dictionary(fc.string(), fc.jsonValue()), answeredWith), {
      numRuns: 40
    })
  })
})

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
