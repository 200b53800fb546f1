import { DictStore } from '@cc/store-dict'
import { describe, expect, it } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { type SetUp, setUp, stores } from '../../packages/core/test/harness.js'
import { turns } from '../../packages/core/test/no-stray-errors.js'
import { generations } from '../../packages/core/test/recorder.js'

const kinds = [...stores, ['a DictStore', () => new DictStore()] as const]
const lengths = [10, 60_000, 300_000]
/** The bytes of long answers from the network are kept, not copied: see "Bodies of up to 64 KiB are copied". */
const mostCopied = 65_536

/** A handler that writes into all it is given: at once, or also when all is over. */
function scribbler(generation: 'new' | 'legacy', over: () => void): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  const scribble = (chunk: Buffer) => {
    chunks.push(chunk)
    chunk.fill('!')
  }
  const end = () => {
    over()
    void turns().then(() => {
      for (const chunk of chunks) chunk.fill('?')
    })
  }
  if (generation === 'legacy') {
    return {
      onConnect() {},
      onHeaders: (_status, raw) => {
        raw.length = 0
        return true
      },
      onData: (chunk) => {
        scribble(chunk)
        return true
      },
      onComplete: end,
      onError: over
    }
  }
  return {
    onRequestStart() {},
    onResponseStart: (_controller, _status, headers) => {
      for (const value of Object.values(headers)) if (Array.isArray(value)) value.push('!')
      for (const name of Object.keys(headers)) delete headers[name]
    },
    onResponseData: (_controller, chunk) => scribble(chunk),
    onResponseEnd: end,
    onResponseError: over
  }
}

async function scribbleOver(client: SetUp, generation: 'new' | 'legacy'): Promise<void> {
  const decided = client.nextDecision()
  await new Promise<void>((resolve) => {
    const options = { origin: client.origin.url, path: '/', method: 'GET' } as const
    client.dispatcher.dispatch(options, scribbler(generation, resolve))
  })
  await decided
  await turns(8)
}

describe.each(kinds)('with %s', (_name, make) => {
  describe.each(generations)('a caller with a %s handler', (generation) => {
    it.each(lengths)(
      'who writes into what he is given of %i bytes changes nothing for others (GEN-02) (row M2)',
      async (length) => {
        const body = 'some text '.repeat(length / 10)
        const client = await setUp(make(), (_setUp, _request, response) => {
          response.setHeader('Cache-Control', 'max-age=60').setHeader('X-Two', ['a', 'b']).end(body)
        })
        if (length > mostCopied) await client.get('/')
        for (let i = 0; i < 3; i++) await scribbleOver(client, generation)
        const { text, headers, decision } = await client.get('/')
        expect([text === body, decision.outcome, client.asked]).toEqual([true, 'hit', 1])
        expect(headers).toMatchObject({ 'cache-control': 'max-age=60', 'x-two': ['a', 'b'], age: '0' })
      }
    )
  })
})
