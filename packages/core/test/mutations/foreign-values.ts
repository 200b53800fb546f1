import type { Random } from './random.js'

type Make = () => unknown

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { fields: value }
  return value
}

function cycle(): unknown {
  const value: Record<string, unknown> = {}
  value.marks = value
  value.fields = [value]
  return value
}

const throwing = () => {
  throw new Error('unreadable')
}

function traps(): unknown {
  const handler = Object.fromEntries(
    ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((name) => [name, throwing])
  )
  return new Proxy({}, handler)
}

/** Data that a store could hand back in place of any part of what it was given; most of them are cheap to make. */
const common: readonly Make[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 1.5, 200, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY].map(
    (value) => () => value
  ),
  ...[2 ** 31, 2 ** 32 + 1, 2 ** 53, -(2 ** 53), 8.64e15, Number.MIN_VALUE].map((value) => () => value),
  ...[
    '',
    ' ',
    'x',
    '200',
    '-1',
    'null',
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '%00',
    '\ud800'
  ].map((value) => () => value),
  ...['a\r\nSet-Cookie: x=1', '\n', '\r', '\0', 'a\0b', '\u2028', 'OK\r\n\r\nbody', 'sha256:', '0'.repeat(64)].map(
    (value) => () => value
  ),
  () => [],
  () => ({}),
  () => [[]],
  () => [['X']],
  () => [['X', 'a\r\nb']],
  () => [['X Y', '1']],
  () => [['X', '1', '2']],
  () => [['__proto__', 'polluted']],
  () => [['X', null]],
  () => Array(3),
  () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  () => ({ length: 1, 0: ['X', '1'] })
]

/** What no data has, only objects of a program: code that runs when they are read, and things that JSON cannot say. */
const alive: readonly Make[] = [
  () => Object.create({ formatVersion: 1, inherited: true }),
  () => Object.create(null),
  () => 10n,
  () => Symbol('s'),
  () => () => 'called',
  () => new Date(Number.NaN),
  () => new Map([['a', 'b']]),
  () => Buffer.from('bytes'),
  () => new Uint8Array(0),
  () => ({ toString: throwing, valueOf: throwing, toJSON: throwing }),
  () => Object.defineProperty({}, 'fields', { get: throwing, enumerable: true }),
  () => Object.assign([['X', '1']], { [Symbol.iterator]: throwing }),
  () => Promise.resolve('later'),
  () => new Proxy([], {}),
  traps,
  cycle
]

const costly: readonly Make[] = [
  () => 'x'.repeat(100_000),
  () => nested(10_000),
  () => Array(100_000).fill(['X', '1']),
  () => Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, '']))
]

/** What is put in place of what was stored: data as it comes out of a file or off the wire, or live objects as well. */
export type Foreign = 'data' | 'objects'

export function foreignValue(random: Random, foreign: Foreign): unknown {
  if (foreign === 'objects' && random.below(2) === 0) return random.pick(alive)()
  return random.pick(random.below(500) === 0 ? costly : common)()
}

/** Something else of the same kind, if it has one: another number near or far, a cut or changed text. */
export function neighbour(value: unknown, random: Random, foreign: Foreign): unknown {
  if (typeof value === 'number') {
    return random.pick([
      value + 1,
      value - 1,
      -value,
      value * 1e300,
      value / 2,
      value + 0.5,
      value % 10,
      value + 3_600_000
    ])
  }
  if (typeof value !== 'string' || value === '') return foreignValue(random, foreign)
  const at = random.below(value.length)
  const char = String.fromCharCode(random.pick([0, 9, 10, 13, 32, 34, 44, 47, 58, 92, 127, 255, 0x100, 0xd800, 48, 97]))
  return random.pick([
    value.slice(0, at),
    value.slice(at),
    value.slice(0, at) + char + value.slice(at + 1),
    value.slice(0, at) + char + value.slice(at),
    value + char,
    value + value,
    value.toUpperCase()
  ])
}
