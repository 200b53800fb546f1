import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { RedisProcesses } from './redis-processes/redis-processes.js'

describe('processes that share a Redis', () => {
  let processes: RedisProcesses
  beforeEach(async () => {
    processes = await RedisProcesses.open()
  })
  afterEach(() => processes.close())

  it('COLL-01: as many as there are make one request of the origin', async () => {
    expect(await processes.missTogether(8)).toEqual({ asked: 1, answers: Array(8).fill('once') })
  }, 600_000)

  it('COLL-01: they make one request for each response, whenever each of them asks', async () => {
    const { asked } = processes
    const all = await processes.start(6, 600_000)
    processes.wasAsked = () => asked.at(-1)?.end('at once')
    for (let n = 1; n <= 20; n++) {
      expect(await Promise.all(all.map((child) => processes.ask(child, `/${n}`)))).toEqual(Array(6).fill('at once'))
      expect(asked).toHaveLength(n)
    }
  }, 600_000)

  it('COLL-01: one that is killed while the others wait costs them the rest of its lease', async () => {
    const { asked } = processes
    const [killed, ...others] = (await processes.start(3, 5_000)) as [ChildProcess, ...ChildProcess[]]
    processes.ask(killed)
    await processes.askedTimes(1)
    asked[0]?.write('half')
    // Those that come before the lease has ended wait for it.
    processes.wasAsked = () => asked.at(-1)?.end('whole')
    const answers = others.map((child) => processes.ask(child))
    killed.kill('SIGKILL')
    expect(await Promise.all(answers)).toEqual(['whole', 'whole'])
  }, 600_000)
})
