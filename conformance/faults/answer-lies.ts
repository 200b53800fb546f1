import type { Awaitable } from '@cc/core'
import { never } from '../../packages/core/test/faulty-store.js'
import { turns } from '../../packages/core/test/no-stray-errors.js'
import { type Call, type Lie, operations, type StoreLie } from './lying-store.js'

const broken = new Error('the store is broken')

/** Continues a sound answer, at once where it is there at once. */
export function after<T>(answer: Awaitable<T>, next: (answer: T) => unknown): unknown {
  return answer instanceof Promise ? answer.then(next) : next(answer)
}

const failures: [way: string, lie: Lie][] = [
  [
    'throws',
    () => {
      throw broken
    }
  ],
  [
    'throws what is no error',
    () => {
      throw undefined
    }
  ],
  ['rejects', () => Promise.reject(broken)],
  ['rejects with what is no error', () => Promise.reject(null)],
  ['rejects after a while', () => turns(3).then(() => Promise.reject(broken))],
  ['never settles', never],
  [
    'has a then that throws',
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the lie.
      then: () => {
        throw broken
      }
    })
  ],
  [
    'has a then that settles several times',
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the lie.
      then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
        reject(broken)
        resolve(5)
        reject(broken)
      }
    })
  ]
]

const delays: [way: string, lie: Lie][] = [
  ['takes a while', ({ sound }) => turns(3).then(sound)],
  ['begins too late', ({ sound, tooLate }) => tooLate.then(sound)],
  ['answers too late', ({ sound, tooLate }) => Promise.resolve(sound()).then((answer) => tooLate.then(() => answer))],
  ['fails too late', ({ tooLate }) => tooLate.then(() => Promise.reject(broken))]
]

/** What was to be done is done, and then it fails all the same. */
const failuresAfterwards: [way: string, lie: Lie][] = [
  [
    'throws when it has done it',
    ({ sound }) =>
      after(sound(), () => {
        throw broken
      })
  ],
  ['never says that it has done it', ({ sound }) => after(sound(), never)]
]

const nonsense = [undefined, null, 5, Number.NaN, 'text', true, {}, [], [5], () => {}, Symbol('none'), new Map()]

/** An object of which nothing can be read. */
const unreadable = new Proxy(
  {},
  {
    get: (_target, name) => {
      if (name === 'then') return undefined
      throw broken
    },
    has: () => {
      throw broken
    },
    getPrototypeOf: () => {
      throw broken
    }
  }
)

function nameOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `${value.constructor.name} ${JSON.stringify(value)}`
  return `${typeof value} ${typeof value === 'symbol' ? '' : String(value)}`
}

/** Answers of the wrong type, of an operation that has done nothing; where not doing it could not be told, it has. */
function wrongAnswers(does: boolean): [way: string, lie: Lie][] {
  const given = [
    ...nonsense.map((value) => [nameOf(value), value] as const),
    ['what cannot be read', unreadable] as const
  ]
  return given.flatMap(([name, value]): [string, Lie][] => {
    const first = ({ sound }: Call) => (does ? sound() : undefined)
    return [
      [`answers ${name}`, (call) => after(first(call), () => value)],
      [`answers a promise of ${name}`, async (call) => after(first(call), () => value)]
    ]
  })
}

/** How every operation can fail. */
export const answerLies: readonly StoreLie[] = operations.flatMap((operation) => {
  const isWritten = operation === 'mark'
  const ways = [...failures, ...delays, ...failuresAfterwards, ...wrongAnswers(isWritten)]
  return ways.map(([way, lie]) => ({ operation, way, lie }))
})
