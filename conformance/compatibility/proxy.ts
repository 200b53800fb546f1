import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A real proxy: it forwards http, and opens tunnels. */
export class LocalProxy {
  /** Such as `CONNECT localhost:8080`. */
  readonly asked: string[] = []
  readonly #process: ChildProcess

  private constructor(
    process: ChildProcess,
    readonly url: string
  ) {
    this.#process = process
  }

  static async start(): Promise<LocalProxy> {
    const child = spawn(process.execPath, [join(__dirname, 'proxy.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const [port] = (await once(lines, 'line')) as [string]
    const proxy = new LocalProxy(child, `http://127.0.0.1:${port}`)
    lines.on('line', (line) => proxy.asked.push(line))
    return proxy
  }

  async stop(): Promise<void> {
    const closed = once(this.#process, 'close')
    this.#process.stdin?.end()
    await closed
  }
}
