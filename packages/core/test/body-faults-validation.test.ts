import { describe, expect, it } from '@jest/globals'
import { backgroundDecision } from './answers.js'
import { type SetUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import { type Misbehaviour, type ScriptedOrigin, scriptedBody, scriptedOrigin } from './scripted-origin.js'
import { apis, askDamaged, clientOf } from './scripted-requests.js'

const broken: readonly Misbehaviour[] = [
  'cutcl',
  'rstcl',
  'cutchunk',
  'rstchunk',
  'headersOnly',
  'halfHead',
  'badChunk'
]

/** A path whose answer to the first request is good, and stale after a second. */
function pathOf(way: Misbehaviour, cacheControl: string): string {
  return `/${way}?${new URLSearchParams({ at: '1', fields: `Cache-Control: ${cacheControl}` })}`
}

/** Asks for what is stored, stale or not. */
async function asked(client: SetUp, origin: ScriptedOrigin, path: string, cacheControl?: string) {
  const headers = cacheControl === undefined ? {} : { 'Cache-Control': cacheControl }
  const answer = await client.get(path, { origin: origin.url, headers })
  await turns()
  return { n: Number(answer.headers['x-n']), text: answer.text, outcome: answer.decision.outcome }
}

const whole = (n: number, outcome: string) => ({ n, text: scriptedBody(n), outcome })

describe.each(stores)('with %s, what replaces a stored response (row B5)', (_name, makeStore) => {
  describe.each([...broken, 'stall' as const])('and is damaged (%s)', (way) => {
    it.each(apis)('is an error, and leaves what is stored ($api) (VAL-11, MSG-02)', async ({ ask }) => {
      const origin = await scriptedOrigin()
      const client = await clientOf(makeStore())
      const path = pathOf(way, 'max-age=1')
      expect(await asked(client, origin, path)).toEqual(whole(0, 'miss'))
      client.clock.advance(5)
      const decision = client.nextDecision()
      expect(await askDamaged(origin, ask, origin.url + path, client.dispatcher)).toBe('an error')
      expect(await decision).toMatchObject({ outcome: 'miss', reason: 'stale', stored: false })
      expect(origin.requests[1]).toContain('if-none-match: "0"')
      expect(await asked(client, origin, path, 'max-stale')).toEqual(whole(0, 'stale-hit'))
      expect(await asked(client, origin, path)).toEqual(whole(2, 'miss'))
      expect(await asked(client, origin, path)).toEqual(whole(2, 'hit'))
      expect(origin.requests).toHaveLength(3)
    })
  })

  it.each(broken)('in the background and is damaged (%s) leaves what is stored (STALE-04)', async (way) => {
    const origin = await scriptedOrigin()
    const client = await clientOf(makeStore())
    const path = pathOf(way, 'max-age=1, stale-while-revalidate=600')
    expect(await asked(client, origin, path)).toEqual(whole(0, 'miss'))
    client.clock.advance(5)
    expect(await asked(client, origin, path)).toEqual(whole(0, 'stale-hit'))
    expect(await backgroundDecision(client)).toMatchObject({ outcome: 'miss', stored: false })
    await turns()
    expect(await asked(client, origin, path, 'max-stale')).toEqual(whole(0, 'stale-hit'))
    expect(await asked(client, origin, path, 'no-cache')).toEqual(whole(2, 'miss'))
    expect(await asked(client, origin, path)).toEqual(whole(2, 'hit'))
  })

  it('in the background and stalls holds nobody up, and no other is sent beside it (STALE-04)', async () => {
    const origin = await scriptedOrigin()
    const client = await clientOf(makeStore())
    const path = pathOf('stall', 'max-age=1, stale-while-revalidate=600')
    await asked(client, origin, path)
    client.clock.advance(5)
    const stalled = origin.stalled()
    expect(await asked(client, origin, path)).toEqual(whole(0, 'stale-hit'))
    await stalled
    for (let i = 0; i < 3; i++) expect(await asked(client, origin, path)).toEqual(whole(0, 'stale-hit'))
    expect(origin.requests).toHaveLength(2)
  })

  it('a 304 that has a body, and not all of it, confirms all the same (VAL-09)', async () => {
    const origin = await scriptedOrigin()
    const client = await clientOf(makeStore())
    const path = pathOf('bodiedNotModified', 'max-age=1')
    await asked(client, origin, path)
    client.clock.advance(5)
    expect(await asked(client, origin, path)).toEqual(whole(0, 'validated'))
    await turns(20)
    expect(await asked(client, origin, path)).toEqual(whole(0, 'hit'))
    expect(origin.requests).toHaveLength(2)
  })
})
