import { type CacheDecision, type CacheStore, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent } from 'undici'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { generations, Recorder } from './recorder.js'

/** Bytes that HTTP/1 parsers may refuse are among them: what one answers to these is the same with a cache. */
const anyByte = fc.integer({ min: 0, max: 255 })
const values = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0x20, max: 0xff }) }, { weight: 1, arbitrary: anyByte }),
  { maxLength: 40 }
)
const every = Array.from({ length: 256 }, (_, byte) => [0x61, byte, 0x62])

/** All bytes of field values come from the store as they came from the network, or the response is not stored. */
export function fieldBytes(kind: string, make: () => CacheStore): void {
  describe.each(generations)(`with ${kind} and a %s handler`, (generation) => {
    async function compare(lists: readonly (readonly number[])[]): Promise<string[]> {
      const raw = await rawOrigin((socket, _n, head) => {
        const i = Number(/^GET \/(\d+)/.exec(head)?.[1])
        const value = Buffer.from(lists[i] ?? []).toString('latin1')
        writeRaw(
          socket,
          ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', `X-Bytes: ${value}`, 'Content-Length: 4'],
          'body'
        )
      })
      const agent = new Agent()
      const decisions: CacheDecision[] = []
      const dispatcher = agent.compose(
        cacheInterceptor({ store: make(), onDecision: (decision) => decisions.push(decision) })
      )
      const outcomes: string[] = []
      for (const i of lists.keys()) {
        const asked = { origin: raw.url, path: `/${i}`, method: 'GET' } as const
        // undici 8 itself knows no old handlers.
        const bare = new Recorder('new')
        agent.dispatch(asked, bare.handler)
        await bare.over
        const seen: Recorder[] = []
        for (let n = 0; n < 2; n++) {
          const recorder = new Recorder(generation)
          dispatcher.dispatch(asked, recorder.handler)
          await recorder.over
          await turns(4)
          seen.push(recorder)
        }
        for (const recorder of seen) expect(bytesIn(recorder)).toEqual(bytesIn(bare))
        outcomes.push(decisions.at(-1)?.outcome as string)
      }
      await agent.destroy()
      return outcomes
    }

    it('each byte of a field value is served again as it came (GEN-02, SEC-01) (row X2)', async () => {
      const outcomes = await compare(every)
      const hits = outcomes.flatMap((outcome, byte) => (outcome === 'hit' ? [byte] : []))
      expect(hits).toEqual(expect.arrayContaining([0x09, 0x20, 0x7e, 0x80, 0xa0, 0xe9, 0xff]))
      expect(hits).not.toEqual(expect.arrayContaining([0x00]))
    })

    it('so are all of them together (GEN-02, SEC-01)', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(values, { minLength: 1, maxLength: 10 }),
          async (lists) => void (await compare(lists))
        ),
        { numRuns: 10 }
      )
    })
  })
}

/** The value as bytes, or that there was none. */
function bytesIn({ rawHeaders, errors }: Recorder): number[] | string {
  if (errors.length > 0) return 'an error'
  const at = rawHeaders.findIndex((part, i) => i % 2 === 0 && String(part).toLowerCase() === 'x-bytes')
  return at === -1 ? 'none' : [...Buffer.from(rawHeaders[at + 1] as Uint8Array)]
}
