import { RedisStore } from '../src/index.js'
import { libraries } from './libraries.js'

type Kind = readonly [name: string, open: (port: number) => RedisStore]

/** A store with a client of its own, and one with each client that a user may hand it, left as it comes. */
export const kinds: readonly Kind[] = [
  ['with a client of its own', (port) => new RedisStore({ url: `redis://127.0.0.1:${port}` })],
  ...libraries.map(
    ([name, library]): Kind => [
      `with a client of ${name}`,
      (port) => new RedisStore({ client: library.redis({ host: '127.0.0.1', port }) })
    ]
  )
]

/** Those two that differ most. */
export const ownAndGiven = kinds.slice(0, 2)
