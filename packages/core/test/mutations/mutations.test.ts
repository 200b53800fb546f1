import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Agent } from 'undici'
import { Origin } from '../origin.js'
import { checkMutations, originAnswer } from './mutation-property.js'

let agent: Agent
let origin: Origin

beforeEach(async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  agent = new Agent()
  origin = await Origin.start(({ path, headers }, response) => {
    const { status, fields, body } = originAnswer(path, headers, 'origin')
    response.writeHead(status, fields).end(body)
  })
})

afterEach(async () => {
  jest.restoreAllMocks()
  await agent.destroy()
  await origin.stop()
})

const hundreds = [0, 400, 800, 1_200, 1_600]

describe('two thousand mutations of what is stored (row X5)', () => {
  it.each(hundreds)(
    "change no answer: it is the stored one or the origin's, as a whole, from %i on (SEC-05, ROB-02)",
    async (seed) => {
      const network = agent.dispatch.bind(agent)
      const tally = await checkMutations({ count: 400, seed, foreign: 'data', origin: origin.url, network })
      // Both come about: neither is everything refused, nor everything taken.
      expect(Math.min(tally.served, tally.fetched)).toBeGreaterThan(40)
      expect([...tally.paths]).toEqual(expect.arrayContaining(['/fresh', '/part', '/parts', '/stale', '/varying']))
      expect(origin.requests.length).toBeGreaterThanOrEqual(tally.fetched)
    }
  )
})
