import { randomUUID } from 'node:crypto'
import type { Found, FoundResponse, StoredResponse } from '@cc/core'
import { after } from './answer-lies.js'
import type { Lie, StoreLie } from './lying-store.js'
import { flipped } from './stored-bytes.js'

/** Changes all that was found. */
function found(change: (found: Found) => unknown): Lie {
  return ({ sound }) => after(sound() as Found, change)
}

/** Changes each response that was found. */
function each(change: (found: FoundResponse, at: number, all: readonly FoundResponse[]) => unknown): Lie {
  return found((found) => ({ ...found, responses: found.responses.map(change) }))
}

/** Changes the bodies that ride along. */
function body(change: (body: Uint8Array) => unknown): Lie {
  return each((found) => (found.body === undefined ? found : { ...found, body: change(found.body) }))
}

/** Changes the metadata. */
function response(change: (response: StoredResponse) => object): Lie {
  return each((found) => ({ ...found, response: change(found.response) }))
}

const ways: [way: string, lie: Lie, also?: Pick<StoreLie, 'onlyElsewhere' | 'mayBreakOff'>][] = [
  ['finds nothing', found(() => ({ responses: [] }))],
  ['finds the mark alone', found(({ mark }) => ({ responses: [], mark }))],
  ['finds everything twice', found((found) => ({ ...found, responses: [...found.responses, ...found.responses] }))],
  ['finds all in another order', found((found) => ({ ...found, responses: [...found.responses].reverse() }))],
  [
    'finds nonsense beside what is there',
    found((found) => ({ ...found, responses: [null, 5, {}, { response: null }, ...found.responses, { response: {} }] }))
  ],
  ['finds no list', found((found) => ({ ...found, responses: { length: 1, 0: found.responses[0] } }))],
  ['finds a mark that is none', found((found) => ({ ...found, mark: 5 }))],
  ['finds a mark without a value', found((found) => ({ ...found, mark: { at: 0, dropAt: 0 } }))],
  ['finds another mark', found((found) => ({ ...found, mark: { value: randomUUID(), at: 0, dropAt: 0 } }))],
  [
    'finds frozen objects',
    found((found) => Object.freeze({ ...found, responses: Object.freeze([...found.responses]) }))
  ],
  ['finds an unknown version', response((response) => ({ ...response, formatVersion: 2 })), { onlyElsewhere: true }],
  [
    'finds what is stored for another key',
    response((response) => ({ ...response, key: `${response.key}x`, status: 201 })),
    { onlyElsewhere: true }
  ],
  ['finds a response without fields', response(({ fields, ...response }) => response)],
  ['finds a response without marks', response(({ marks, ...response }) => response)],
  ['finds a response without anything', response(() => ({}))],
  ['finds another id', response((response) => ({ ...response, id: '0'.repeat(32) }))],
  ['finds another slot', response((response) => ({ ...response, slot: '0'.repeat(64) }))],
  [
    'finds another length',
    response((response) => ({ ...response, bodyBytes: response.bodyBytes + 1 })),
    { mayBreakOff: true }
  ],
  [
    'finds other digests',
    response(({ digests, ...response }) => ({
      ...response,
      ...(digests && { digests: digests.map(() => '0'.repeat(64)) })
    }))
  ],
  ['gives no bodies along', each(({ response }) => ({ response }))],
  [
    'gives the bodies of others along',
    each((found, at, all) => ({ ...found, body: all.at(at - 1)?.body })),
    { onlyElsewhere: true }
  ],
  ['gives bodies along that are cut', body((body) => body.subarray(1))],
  ['gives bodies along that are empty', body(() => new Uint8Array(0))],
  ['gives bodies along that are too long', body((body) => Buffer.concat([body, Buffer.from('x')]))],
  ['gives texts along', body((body) => Buffer.from(body).toString('latin1'))],
  ['gives bodies along that were changed', body(flipped), { onlyElsewhere: true }]
]

/** How what a store finds can be something else than what is there. */
export const findLies: readonly StoreLie[] = ways.map(([way, lie, also]) => ({ operation: 'get', way, lie, ...also }))
