import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Redis, startRedis } from '../../packages/store-redis/test/servers/index.js'

/** Processes with a cache each, whose store is in one Redis, and the origin they ask. */
export class RedisProcesses {
  /** Requests that came to the origin; nobody has answered them. */
  readonly asked: ServerResponse[] = []
  wasAsked: () => void = () => {}
  readonly #children: ChildProcess[] = []
  readonly #redis: Redis
  readonly #origin: Server

  private constructor(redis: Redis) {
    this.#redis = redis
    this.#origin = createServer((_request, response) => {
      this.asked.push(response)
      response.setHeader('Cache-Control', 'max-age=86400')
      this.wasAsked()
    })
  }

  static async open(): Promise<RedisProcesses> {
    const processes = new RedisProcesses(await startRedis())
    processes.#origin.listen(0, '127.0.0.1')
    await once(processes.#origin, 'listening')
    return processes
  }

  /** Starts processes that wait so long for another one. */
  async start(count: number, waitMs: number): Promise<ChildProcess[]> {
    const started: ChildProcess[] = []
    // A few at a time: all of them would keep each other waiting.
    while (started.length < count) {
      const some = Array.from({ length: Math.min(5, count - started.length) }, () =>
        fork(join(__dirname, 'client.mjs'), [String(this.#redis.port), String(waitMs)])
      )
      this.#children.push(...some)
      await Promise.all(some.map((child) => once(child, 'message')))
      started.push(...some)
    }
    return started
  }

  /** Has a process ask for a path; what it got. */
  async ask(child: ChildProcess, path = '/'): Promise<string> {
    child.send(`http://127.0.0.1:${(this.#origin.address() as AddressInfo).port}${path}`)
    const [text] = await once(child, 'message')
    return text
  }

  async askedTimes(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => (this.wasAsked = resolve))
  }

  /** Resolves when so many processes listen for the release of a lock. */
  async waiters(count: number): Promise<void> {
    for (;;) {
      const channels: string[] = await this.#redis.ask('PUBSUB', 'CHANNELS', 'cc:*')
      const [, listening = 0]: [string?, number?] =
        channels[0] === undefined ? [] : await this.#redis.ask('PUBSUB', 'NUMSUB', channels[0])
      if (listening === count) return
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    this.#origin.closeAllConnections()
    await new Promise((resolve) => this.#origin.close(resolve))
  }

  /** As many as there are miss the same response at the same time; how often the origin was asked, and what they got. */
  async missTogether(count: number): Promise<{ asked: number; answers: string[] }> {
    const answers = (await this.start(count, 600_000)).map((child) => this.ask(child))
    await this.askedTimes(1)
    await this.waiters(count - 1)
    this.asked[0]?.end('once')
    return { answers: await Promise.all(answers), asked: this.asked.length }
  }
}
