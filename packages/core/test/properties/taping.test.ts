import { cacheInterceptor } from '@cc/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent, type Dispatcher } from 'undici'
import { stores } from '../harness.js'
import { Origin } from '../origin.js'
import { type Generation, generations, Recorder } from '../recorder.js'

interface Message {
  readonly status: number
  readonly statusText: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly chunks: readonly Uint8Array[]
}

/** Names that say something to Node or undici are left to them. */
const name = fc.stringMatching(/^X-[A-Za-z0-9!#$%&'*+.^_`|~-]{0,6}$/)
const value = fc
  .string({ unit: fc.constantFrom('a', 'Z', '1', ' ', '\t', ',', '"', '=', '\u0080', '\u00ff'), maxLength: 8 })
  .map((text) => text.trim())
const status = fc.oneof(fc.integer({ min: 200, max: 599 }), fc.constantFrom(204, 304, 401, 503))
const message: fc.Arbitrary<Message> = fc.record({
  status,
  statusText: fc.stringMatching(/^[A-Za-z ]{0,8}$/).map((text) => text.trim()),
  fields: fc.array(
    fc.oneof(
      fc.tuple(name, value),
      fc.tuple(fc.constantFrom('Set-Cookie', 'set-cookie', 'Cache-Control', 'Vary'), value)
    ),
    { maxLength: 6 }
  ),
  chunks: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 })
})

describe('what was recorded is replayed byte for byte', () => {
  let messages: readonly Message[] = []
  let origin: Origin
  let agent: Agent

  beforeAll(async () => {
    agent = new Agent()
    origin = await Origin.start(({ path }, response) => {
      const { status, statusText, fields, chunks } = messages[Number(path.slice(1))] as Message
      response.writeHead(status, statusText, fields.flat())
      for (const chunk of chunks) response.write(chunk)
      response.end()
    })
  })

  afterAll(async () => {
    await agent.destroy()
    await origin.stop()
  })

  async function ask(dispatcher: Dispatcher, i: number, generation: Generation) {
    const recorder = new Recorder(generation)
    dispatcher.dispatch({ origin: origin.url, path: `/${i}`, method: 'GET' }, recorder.handler)
    await recorder.over
    const { status, statusText, headers, rawHeaders, errors } = recorder
    const lines = rawHeaders.map((text) => Buffer.from(text as Uint8Array).toString('latin1'))
    return { status, statusText, headers, lines, errors, body: Buffer.concat(recorder.chunks).toString('hex') }
  }

  it.each(stores)('status, status text, fields with order, case and repeats, and body, in %s', async (_name, make) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...generations),
        async (given, generation) => {
          messages = given
          const store = make()
          const recording = agent.compose(cacheInterceptor({ tape: 'record', store }))
          const recorded: unknown[] = []
          for (const i of given.keys()) recorded.push(await ask(recording, i, generation))
          const asked = origin.requests.length
          const replaying = agent.compose(cacheInterceptor({ tape: 'replay', store }))
          for (const [i, { fields, statusText, status }] of given.entries()) {
            const replayed = await ask(replaying, i, generation)
            expect(replayed).toEqual(recorded[i])
            expect(replayed).toMatchObject({ errors: [], status })
            if (statusText !== '') expect(replayed.statusText).toBe(statusText)
            for (const [name, value] of fields) expect(pairsOf(replayed.lines)).toContain(`${name}: ${value}`)
          }
          expect(origin.requests).toHaveLength(asked)
        }
      ),
      { numRuns: 60 }
    )
  })
})

function pairsOf(lines: readonly string[]): string[] {
  return lines.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${lines[i + 1]}`] : []))
}
