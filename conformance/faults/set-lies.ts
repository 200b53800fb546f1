import type { Body, StoredResponse } from '@cc/core'
import { never } from '../../packages/core/test/faulty-store.js'
import type { Call, Lie, StoreLie } from './lying-store.js'
import { bytesOf, flipped } from './stored-bytes.js'

type Complete = () => StoredResponse | undefined
type Setting = (given: { key: string; body: Body; complete: Complete }, call: Call) => unknown

function setting(set: Setting): Lie {
  return (call) => {
    const [key, body, complete] = call.args as [string, Body, Complete]
    return set({ key, body, complete }, call)
  }
}

function iteratorOf(body: Body): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (body instanceof Uint8Array) return [body].values()
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

type Way = [way: string, lie: Lie, also?: Pick<StoreLie, 'onlyElsewhere' | 'mayBreakOff'>]

const setWays: readonly Way[] = [
  ['reads nothing', () => {}],
  ['reads nothing and calls complete', setting(async ({ complete }) => void complete())],
  ['reads one piece', setting(async ({ body }) => void (await iteratorOf(body).next()))],
  [
    'wants no more after one piece',
    setting(async ({ body }) => {
      for await (const _piece of body instanceof Uint8Array ? [body] : body) return
    })
  ],
  [
    'reads one piece and never another',
    setting(async ({ body }) => {
      await iteratorOf(body).next()
      await never()
    })
  ],
  [
    'reads several pieces at once',
    setting(async ({ body, complete }, { store, args }) => {
      const iterator = iteratorOf(body)
      const read = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
      await store.set(args[0] as string, Buffer.concat(read.flatMap(({ value }) => value ?? [])), complete)
    }),
    { onlyElsewhere: true, mayBreakOff: true }
  ],
  ['reads all and never calls complete', setting(async ({ body }) => void (await bytesOf(body)))],
  [
    'calls complete again',
    setting(({ key, body, complete }, { store }) =>
      store.set(key, body, () => {
        complete()
        return complete()
      })
    )
  ],
  [
    'calls complete before the end',
    setting(({ key, body, complete }, { store }) => {
      const completed = complete()
      return store.set(key, body, () => completed ?? complete())
    })
  ],
  [
    'stores half of the body',
    setting(async ({ key, body, complete }, { store }) => {
      const bytes = await bytesOf(body)
      await store.set(key, bytes.subarray(0, bytes.byteLength >> 1), complete)
    }),
    { mayBreakOff: true }
  ],
  [
    'stores more than the body',
    setting(async ({ key, body, complete }, { store }) => {
      await store.set(key, Buffer.concat([await bytesOf(body), Buffer.from('x')]), complete)
    }),
    { mayBreakOff: true }
  ],
  [
    'stores changed bytes',
    setting(async ({ key, body, complete }, { store }) => await store.set(key, flipped(await bytesOf(body)), complete)),
    { onlyElsewhere: true, mayBreakOff: true }
  ],
  [
    'stores it under another key',
    setting(({ key, body, complete }, { store }) => store.set(`${key}x`, body, complete))
  ],
  [
    'stores it in another slot',
    setting(({ key, body, complete }, { store }) => {
      return store.set(key, body, () => {
        const completed = complete()
        return completed && { ...completed, slot: '0'.repeat(64) }
      })
    })
  ],
  [
    'stores it twice',
    setting(async ({ key, body, complete }, { store }) => {
      const bytes = await bytesOf(body)
      const completed = complete()
      for (let i = 0; i < 2; i++) await store.set(key, bytes, () => completed)
    })
  ],
  [
    'stores it and fails',
    async ({ sound }) => {
      await sound()
      throw new Error('the store is broken')
    }
  ]
]

const otherWays: readonly (readonly ['update' | 'delete' | 'mark', string, Lie])[] = [
  ['update', 'says that it did what it did not', () => true],
  ['update', 'says that it did not what it did', async ({ sound }) => !(await sound())],
  ['update', 'loses what it was to update', ({ store, args }) => store.delete(args[0] as string)],
  ['delete', 'keeps what it was to remove', () => {}],
  ['delete', 'removes all there is', ({ store, args }) => store.delete(args[0] as string)],
  [
    'mark',
    'loses what it was to mark',
    async ({ store, args, sound }) => {
      await sound()
      await store.delete(args[0] as string)
    }
  ]
]

/** How a store can keep something else than it was told to. */
export const setLies: readonly StoreLie[] = [
  ...setWays.map(([way, lie, also]) => ({ operation: 'set' as const, way, lie, ...also })),
  ...otherWays.map(([operation, way, lie]) => ({ operation, way, lie }))
]
