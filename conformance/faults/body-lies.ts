import type { Body } from '@cc/core'
import { never } from '../../packages/core/test/faulty-store.js'
import type { Lie, StoreLie } from './lying-store.js'
import { brokenAt, bytesOf, flipped, piecesOf } from './stored-bytes.js'

/** Opens another body than the one that is there. */
function opened(change: (bytes: Buffer) => unknown): Lie {
  return async ({ sound }) => {
    const body = (await sound()) as Body | undefined
    return body && change(await bytesOf(body))
  }
}

/** The same pieces with another `return()`. */
function returning(giveBack: () => unknown): Lie {
  return opened((bytes) => ({
    [Symbol.asyncIterator]: () => {
      const pieces = piecesOf(bytes).values()
      return { next: async () => pieces.next(), return: giveBack }
    }
  }))
}

const fails = () => {
  throw new Error('the medium is broken')
}
const wrongChunk = async () => ({ done: false, value: 'text' })
const breakingOff = { mayBreakOff: true } as const

const atEachPoint = (['first', 'middle', 'end'] as const).flatMap((at): Way[] => [
  [`opens a body that fails at its ${at}`, opened((bytes) => brokenAt(bytes, at, fails)), breakingOff],
  [`opens a body that stalls at its ${at}`, opened((bytes) => brokenAt(bytes, at, never)), breakingOff],
  [
    `opens a body with a piece that is none at its ${at}`,
    opened((bytes) => brokenAt(bytes, at, wrongChunk)),
    breakingOff
  ],
  [
    `opens a body whose iterator answers nonsense at its ${at}`,
    opened((bytes) => brokenAt(bytes, at, async () => null)),
    breakingOff
  ]
])

type Way = [way: string, lie: Lie, also?: Pick<StoreLie, 'onlyElsewhere' | 'mayBreakOff'>]

const ways: readonly Way[] = [
  ['has nothing to open', () => undefined],
  ['opens half of a body', opened((bytes) => bytes.subarray(0, bytes.byteLength >> 1)), breakingOff],
  [
    'opens half of a body in pieces',
    opened((bytes) => piecesOf(bytes.subarray(0, bytes.byteLength >> 1))),
    breakingOff
  ],
  ['opens all but the last byte', opened((bytes) => bytes.subarray(0, -1)), breakingOff],
  ['opens a body of nothing', opened(() => [])],
  ['opens a body that is too long', opened((bytes) => [bytes, Buffer.from('x')]), breakingOff],
  ['opens a body that was changed', opened(flipped), { ...breakingOff, onlyElsewhere: true }],
  [
    'opens a body in very many pieces',
    opened((bytes) => [
      new Uint8Array(0),
      ...Array.from({ length: 500 }, (_, i) => bytes.subarray(i, i + 1)),
      bytes.subarray(500),
      new Uint8Array(0)
    ])
  ],
  ['opens a body that cannot be read', opened(() => ({ [Symbol.asyncIterator]: fails }))],
  ['opens a body whose iterator is none', opened(() => ({ [Symbol.asyncIterator]: () => 5 }))],
  ['opens a body whose iterator cannot go on', opened(() => ({ [Symbol.asyncIterator]: () => ({}) }))],
  ['opens a body that is not let go of: it throws', returning(fails)],
  ['opens a body that is not let go of: it rejects', returning(async () => fails())],
  ['opens a body that is not let go of: it never says so', returning(never)],
  ...atEachPoint
]

/** How a body can be something else than what was stored. */
export const bodyLies: readonly StoreLie[] = ways.map(([way, lie, also]) => ({
  operation: 'openBody',
  way,
  lie,
  ...also
}))
