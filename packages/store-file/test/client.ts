import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach } from '@jest/globals'

const clients: Client[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) await client.kill()
})

export interface StartOptions {
  /** What starts Node, such as `setpriv` and its arguments. */
  readonly under?: readonly string[]
  /** A line of bash that comes before, such as `ulimit -n 40`. */
  readonly after?: string
  readonly nodeOptions?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** What a client got for a request. */
export interface ClientAnswer {
  readonly status: number
  /** How often the origin had been asked for this path before it made this. */
  readonly generation: number
  readonly outcome: string
  readonly stored: boolean
  readonly bytes: number
  readonly sha256: string
  /** Set, and all else not, if the request failed. */
  readonly error?: string
}

/** A process of its own with a `FileStore`, that of the built package, and a cache in front of it. */
export class Client {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  readonly #gone: Promise<string | number>
  #printed = ''
  #calls = 0

  private constructor({ under = [], after, nodeOptions = [], env = {} }: StartOptions) {
    const node = [...under, process.execPath, ...nodeOptions, join(__dirname, 'processes/client.mjs')]
    const [command = '', ...args] = after === undefined ? node : ['bash', '-c', `${after}; exec "$@"`, 'bash', ...node]
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env }
    })
    clients.push(this)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.#printed += text
      })
    }
    this.#child.on('message', ({ id, answer, error }: { id: number; answer: never; error?: string }) => {
      const call = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) call?.resolve(answer)
      else call?.reject(new Error(`the process says: ${error}`))
    })
    const ends = [this.#child.stdout, this.#child.stderr].map((stream) => stream && once(stream, 'close'))
    // Not the event `close` of the process: it does not come where the channel was closed on this side.
    const exit = once(this.#child, 'exit')
    this.#gone = Promise.all([exit, ...ends]).then(([[code, signal]]) => {
      const end = `the process ended with ${signal ?? code}: ${this.#printed}`
      for (const { reject } of this.#waiting.values()) reject(new Error(end))
      this.#waiting.clear()
      return signal ?? code
    })
  }

  static async start(options: StartOptions = {}): Promise<Client> {
    const client = new Client(options)
    const ready = once(client.#child, 'message')
    const end = await Promise.race([ready.then(() => undefined), client.#gone])
    if (end !== undefined) throw new Error(`the process ended with ${end}: ${client.#printed}`)
    return client
  }

  /** Starts a process and opens the folder in it. */
  static async open(folder: string, settings: OpenOptions = {}, options: StartOptions = {}): Promise<Client> {
    const client = await Client.start(options)
    await client.open(folder, settings)
    return client
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** What it wrote to its streams. */
  get printed(): string {
    return this.#printed
  }

  /** Resolves to its exit code, or to the signal that ended it. */
  get gone(): Promise<string | number> {
    return this.#gone
  }

  /** Has it do something; see `processes/client.mjs`. */
  call<T = unknown>(name: string, ...args: readonly unknown[]): Promise<T> {
    const id = ++this.#calls
    const answer = new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    // Some calls are left alone when their process is killed.
    answer.catch(() => {})
    this.#child.send({ id, name, args })
    return answer
  }

  open(folder: string, settings: OpenOptions = {}): Promise<void> {
    return this.call('open', { folder, ...settings })
  }

  ask(url: string, options: { method?: string; headers?: object } = {}): Promise<ClientAnswer> {
    return this.call('ask', url, options)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Lets it end by itself: nothing but what it opened keeps it any longer. */
  disconnect(): void {
    this.#child.disconnect()
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#gone
  }
}

export interface OpenOptions {
  readonly storeOptions?: object
  readonly cacheOptions?: object
  /** How many connections to an origin it may have. */
  readonly connections?: number
  /** Where the clock of its cache stands, in milliseconds since 1970; the real clock if unset. */
  readonly clock?: number
}
