import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Redis, startFaultyProxy, startRedis } from '../../packages/store-redis/test/servers/index.js'

/** Clients of Redis have timers of two seconds: it would tick 40 times. */
const fewTicks = 30

let origin: Server

beforeAll(async () => {
  origin = createServer((_request, response) => response.setHeader('Cache-Control', 'max-age=3600').end('fresh'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
})

/** Has a process ask twice, with something in between; how often its clock ticked until it ended by itself once its store was closed. */
async function askTwice(redisUrl: string, between: () => unknown, program = 'asking.mjs'): Promise<number> {
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`
  const child = spawn(process.execPath, ['--no-warnings', join(__dirname, program), redisUrl, url], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    for (const event of [() => {}, between]) {
      await event()
      child.stdin.write('\n')
      expect((await lines.next()).value).toBe('fresh')
    }
    child.stdin.end()
    const rest: string[] = []
    for (let line = await lines.next(); !line.done; line = await lines.next()) rest.push(line.value)
    expect(await ended).toEqual([0, null])
    return Number(/^left after (\d+) ticks$/.exec(rest.join())?.[1])
  } finally {
    child.kill('SIGKILL')
  }
}

describe('a process whose cache is in Redis, and which closes its store', () => {
  it.each<[string, (redis: Redis) => unknown]>([
    ['is up', () => {}],
    ['has died', (redis) => redis.kill()],
    ['hangs', (redis) => redis.kill('SIGSTOP')]
  ])('ends by itself when Redis %s (row P3)', async (_what, between) => {
    const redis = await startRedis()
    expect(await askTwice(redis.url, () => between(redis))).toBeLessThan(fewTicks)
  })

  it('ends by itself when Redis never answered (rows R3, P3)', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    proxy.inject({ kind: 'swallow' })
    expect(await askTwice(proxy.url, () => {})).toBeLessThan(fewTicks)
  })
})

describe('a process that ends the client it has given to its store, and no more', () => {
  it('is kept alive by no connection that listens for changes and for locks (row P3)', async () => {
    const redis = await startRedis()
    expect(await askTwice(redis.url, () => {}, 'listening.mjs')).toBeLessThan(fewTicks)
  })
})
