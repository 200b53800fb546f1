import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisServer } from './binary.js'
import { endAfterwards } from './ending.js'

export class PortTaken extends Error {}

const READY = /Ready to accept connections|Sentinel ID is/

/** One redis-server process with a configuration file and a folder of its own, both gone with it. */
export class RedisProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'cc-redis-'))
  readonly #arguments: readonly string[]
  #child: ChildProcess | undefined
  #log: string[] = []
  #isHeldUp = false
  readonly #watching = new Set<() => void>()

  /** `configuration` as in redis.conf; a sentinel rewrites it as it learns. */
  constructor(configuration: readonly string[], kind: 'server' | 'sentinel' = 'server') {
    const file = join(this.folder, 'redis.conf')
    writeFileSync(file, ['bind 127.0.0.1', `dir ${this.folder}`, ...configuration, ''].join('\n'))
    this.#arguments = kind === 'sentinel' ? [file, '--sentinel'] : [file]
    endAfterwards(() => this.stop())
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    this.#log = []
    const child = spawn(await redisServer(), this.#arguments, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#isHeldUp = false
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        this.#log.push(...lines)
        this.#look()
      })
    }
    child.once('close', () => this.#look())
    await this.logged(READY)
  }

  /** Resolves when a line of its log matches; of those from number `since` on. Rejects if it ends before. */
  async logged(pattern: RegExp, since = 0): Promise<void> {
    for (;;) {
      if (this.#log.slice(since).some((line) => pattern.test(line))) return
      if (this.#log.some((line) => /Address already in use/.test(line))) throw new PortTaken(this.#log.join('\n'))
      if (this.hasEnded) throw new Error(`redis-server ended before it said ${pattern}:\n${this.#log.join('\n')}`)
      await new Promise<void>((resolve) => this.#watching.add(resolve))
    }
  }

  /** How many lines it has said so far. */
  get linesLogged(): number {
    return this.#log.length
  }

  get hasEnded(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Whether it runs, and is not held up. */
  get answers(): boolean {
    return !this.hasEnded && !this.#isHeldUp
  }

  /** Resolves when it is gone, or at once with a signal that it survives. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || this.hasEnded) return
    const ended = once(child, 'close')
    child.kill(signal)
    this.#isHeldUp = signal === 'SIGSTOP'
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }

  /** The same server again, on the same port, with nothing in it. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #look(): void {
    const watching = [...this.#watching]
    this.#watching.clear()
    for (const look of watching) look()
  }
}

/** Starts what `make` makes of free ports; of others if somebody took one in the meantime. */
export async function startOnFreePorts<T extends { start(): Promise<void>; stop(): Promise<void> }>(
  make: () => Promise<T>
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const made = await make()
    try {
      await made.start()
      return made
    } catch (error) {
      await made.stop()
      if (!(error instanceof PortTaken) || attempt === 10) throw error
    }
  }
}
