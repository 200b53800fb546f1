import type { Readable } from 'node:stream'
import type { CacheStore } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, request, fetch as undiciFetch } from 'undici'
import { keysIn } from './body-faults-store.js'
import { type SetUp, setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'

const body = Buffer.alloc(400_000, 'some text of a long body ')

/** How a caller leaves off before the end of a body. */
type LeaveOff = (url: string, dispatcher: Dispatcher) => Promise<unknown>

const opened = async (url: string, dispatcher: Dispatcher, signal?: AbortSignal) => {
  const { body } = await request(url, { dispatcher, ...(signal && { signal }) })
  return body.on('error', () => {})
}

/** Reads at least so many bytes, and no more than it has to. */
async function readSome(body: Readable, bytes: number): Promise<void> {
  for (let read = 0; read < bytes; ) {
    const chunk = body.read() as Buffer | null
    if (chunk === null) await turns(1)
    else read += chunk.byteLength
  }
}

const waysToLeave: readonly { readonly how: string; readonly leave: LeaveOff }[] = [
  { how: 'destroys it unread', leave: async (...asked) => (await opened(...asked)).destroy() },
  {
    how: 'destroys it unread, with an error',
    leave: async (...asked) => (await opened(...asked)).destroy(new Error('no'))
  },
  {
    how: 'destroys it in the middle',
    leave: async (...asked) => {
      const body = await opened(...asked)
      await readSome(body, 100_000)
      body.destroy()
    }
  },
  {
    how: 'leaves the loop at the first chunk',
    leave: async (...asked) => {
      for await (const _chunk of await opened(...asked)) break
    }
  },
  {
    how: 'throws out of the loop',
    leave: async (...asked) => {
      const reading = async () => {
        for await (const _chunk of await opened(...asked)) throw new Error('no')
      }
      await reading().catch(() => {})
    }
  },
  {
    how: 'aborts in the middle',
    leave: async (url, dispatcher) => {
      const abort = new AbortController()
      const body = await opened(url, dispatcher, abort.signal)
      await readSome(body, 100_000)
      abort.abort()
    }
  },
  {
    how: 'dumps a little of it',
    leave: async (...asked) => (await opened(...asked)).dump({ limit: 1_000 }).catch(() => {})
  },
  {
    how: 'cancels what fetch gave him',
    leave: async (url, dispatcher) => (await undiciFetch(url, { dispatcher })).body?.cancel()
  },
  {
    how: 'cancels the reader of what fetch gave him',
    leave: async (url, dispatcher) => {
      const reader = (await undiciFetch(url, { dispatcher })).body?.getReader()
      await reader?.read()
      await reader?.cancel()
    }
  }
]

async function clientOf(store: CacheStore): Promise<SetUp> {
  return await setUp(store, (_setUp, _request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.byteLength)
    response.write(body.subarray(0, 200_000))
    // The rest only when it is taken: then no answer is complete before its caller leaves off.
    response.once('drain', () => response.end(body.subarray(200_000)))
  })
}

async function whole(client: SetUp): Promise<boolean> {
  return (await client.get('/')).text === body.toString()
}

describe.each(stores)('a caller of a cache with %s (row B6)', (_name, makeStore) => {
  describe.each(waysToLeave)('who $how', ({ leave }) => {
    it('of what comes from the network leaves nothing but whole responses (MSG-03)', async () => {
      const client = await clientOf(makeStore())
      const decided = client.nextDecision()
      await leave(`${client.origin.url}/`, client.dispatcher)
      await decided
      expect(await whole(client)).toBe(true)
      expect(await whole(client)).toBe(true)
      expect(client.decisions.at(-1)).toMatchObject({ outcome: 'hit' })
    })

    it('of what is stored leaves it as it is (MSG-03)', async () => {
      const client = await clientOf(makeStore())
      expect(await whole(client)).toBe(true)
      await leave(`${client.origin.url}/`, client.dispatcher)
      expect(await whole(client)).toBe(true)
      expect(client.decisions.map(({ outcome }) => outcome)).toEqual(['miss', 'hit', 'hit'])
      expect(client.asked).toBe(1)
    })
  })

  it('who never reads has nothing stored, and nobody waits for him (MSG-03)', async () => {
    const store = makeStore()
    const client = await clientOf(store)
    const unread = await opened(`${client.origin.url}/`, client.dispatcher)
    await turns(50)
    expect(await keysIn(store)).toEqual([])
    expect(await whole(client)).toBe(true)
    expect(await whole(client)).toBe(true)
    // Where others can go on without him, the answer that he does not read is theirs too.
    const misses = client.decisions.slice(0, -1)
    expect(misses.filter(({ stored }) => stored)).toHaveLength(1)
    expect(misses.filter(({ outcome }) => outcome !== 'miss')).toEqual([])
    expect(client.decisions.at(-1)).toMatchObject({ outcome: 'hit' })
    unread.destroy()
  })

  it('who reads little by little gets all of it, from the network and stored (MSG-03)', async () => {
    const client = await clientOf(makeStore())
    for (const outcome of ['miss', 'hit']) {
      const decided = client.nextDecision()
      const slow = await opened(`${client.origin.url}/`, client.dispatcher)
      const chunks: Buffer[] = []
      for (let length = 0; length < body.byteLength; ) {
        const chunk = (slow.read(1_000) ?? slow.read()) as Buffer | null
        if (chunk !== null) length += chunks[chunks.push(chunk) - 1]?.byteLength as number
        await turns(1)
      }
      expect(Buffer.concat(chunks).equals(body)).toBe(true)
      expect(await decided).toMatchObject({ outcome })
    }
  })
})
