import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { answering, ok } from '../answers.js'
import { FaultyStore } from '../faulty-store.js'
import { setUp } from '../harness.js'
import { checkMutations } from './mutation-property.js'

const warnings: unknown[] = []

beforeEach(() => {
  warnings.length = 0
  jest.spyOn(process, 'emitWarning').mockImplementation((...warning: unknown[]) => void warnings.push(warning))
})

afterEach(() => {
  jest.restoreAllMocks()
})

const throwing = (): never => {
  throw new Error('unreadable')
}
const traps = Object.fromEntries(
  ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((name) => [name, throwing])
)

describe('live objects in place of what is stored (row X5)', () => {
  it('change no answer, whatever they do when they are read (SEC-05, ROB-02)', async () => {
    const tally = await checkMutations({ count: 1_500, seed: 1, foreign: 'objects' })
    expect(Math.min(tally.served, tally.fetched)).toBeGreaterThan(150)
  })

  it.each<[string, object]>([
    ['a store in memory', { sync: true, keepsObjects: true }],
    ['a store elsewhere', {}]
  ])('are a miss in place of all that is found, too, with %s (SEC-05, ROB-02)', async (_name, kind) => {
    const found: [what: string, make: () => unknown][] = [
      ['an answer that cannot be read', () => new Proxy({}, traps)],
      ['responses that cannot be read', () => ({ responses: new Proxy([], traps) })],
      [
        'responses that cannot be gone through',
        () => ({ responses: Object.assign([1], { [Symbol.iterator]: throwing }) })
      ],
      ['one that cannot be read', () => ({ responses: [new Proxy({}, traps)] })],
      ['one whose parts cannot be read', () => ({ responses: [{ response: new Proxy({}, traps) }] })],
      ['a mark that cannot be read', () => ({ responses: [], mark: new Proxy({}, traps) })],
      [
        'a mark that reads otherwise each time',
        () => ({ responses: [], mark: flickering('value', ['a', 5, Symbol('s')]) })
      ],
      ['responses that are others each time', () => flickering('responses', [[], null, 5])]
    ]
    for (const [what, make] of found) {
      const store = new FaultyStore(kind)
      const client = await setUp(store, answering(ok('max-age=60')))
      store.faults.get = () => make()
      for (let n = 0; n < 2; n++) {
        const { text, decision } = await client.get('/')
        expect([what, text, decision.outcome]).toEqual([what, `body ${n}`, 'miss'])
      }
    }
  })
})

describe('a stored response that reads otherwise the second time (row X12)', () => {
  const injected: [name: string, second: unknown][] = [
    ['status', 'X-Injected'],
    ['statusText', 'OK\r\nX-Injected: 1'],
    ['fields', [['X-Injected', '1\r\nX-Injected: 2']]],
    ['fields', null],
    ['selecting', [['x-injected', null]]],
    ['selecting', 5],
    ['responseTime', Number.POSITIVE_INFINITY],
    ['bodyBytes', 5_000],
    ['digests', 5],
    ['marks', null],
    ['method', 'X-Injected'],
    ['id', '../../x-injected']
  ]
  it.each(injected)('is served as it was read first: %s, %j (SEC-05)', async (name, second) => {
    const store = new FaultyStore()
    const client = await setUp(store, answering(ok('max-age=60')))
    await client.get('/')
    store.faults.get = async (sound) => {
      const { responses } = (await sound()) as { responses: { response: object; body: Uint8Array }[] }
      return {
        responses: responses.map(({ response, body }) => {
          let reads = 0
          const first = Object.getOwnPropertyDescriptor(response, name)?.value
          const get = () => (reads++ === 0 ? first : second)
          return { response: Object.defineProperty(response, name, { get, enumerable: true }), body }
        })
      }
    }
    const { status, text, headers, decision } = await client.get('/')
    expect([status, text, decision.outcome]).toEqual([200, 'body 0', 'hit'])
    expect(JSON.stringify(headers).toLowerCase()).not.toContain('x-injected')
  })
})

/** An object one part of which is another each time that it is read. */
function flickering(name: string, values: readonly unknown[]): object {
  let reads = 0
  return Object.defineProperty({ responses: [] }, name, {
    get: () => values[reads++ % values.length],
    enumerable: true
  })
}

describe('errors of a store that are no errors (row X11)', () => {
  const secret = 'planted-in-an-error'
  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['a symbol', () => Symbol(secret)],
    ['a text', () => secret],
    ['what cannot be read', () => new Proxy({}, traps)],
    ['an error whose name cannot be read', () => Object.defineProperty(new Error(), 'name', { get: throwing })],
    ['an error whose name is none', () => Object.assign(new Error(), { name: 5n })],
    [
      'an error that has in its name what was asked',
      () => Object.assign(new Error(secret), { name: `at http://${secret}/` })
    ]
  ])('fail no request, and get into no warning: %s (ROB-02, SEC-03)', async (_what, make) => {
    for (const fail of [
      () => {
        throw make()
      },
      () => Promise.reject(make())
    ]) {
      const store = new FaultyStore()
      store.faults = { get: fail, set: fail, mark: fail, delete: fail }
      const client = await setUp(store, answering(ok('max-age=60')))
      expect((await client.get('/')).text).toBe('body 0')
      await client.get('/', { method: 'DELETE' })
      expect((await client.get('/')).text).toBe('body 2')
    }
    expect(warnings).toHaveLength(2)
    expect(warnings.map(String).join()).not.toContain(secret)
    expect(warnings.map(String).join()).toContain('The cache store failed (get: ')
  })
})
