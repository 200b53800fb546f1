import { cpSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type OpenOptions } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, placesIn, temporaryFolder } from './folder.js'
import { pathsIn, Trace } from './strace.js'

/** Everything that a store asks the kernel about files. */
const fileCalls =
  'openat,read,pread64,write,pwrite64,writev,pwritev,fsync,fdatasync,statx,newfstatat,fstat,rename,renameat2,link,unlink,rmdir,mkdir,getdents64,utimensat,close,ftruncate'

/** What a process does while a call of it fails. */
export interface Operation {
  readonly name: string
  readonly storeOptions?: object
  /** Paths that are in the cache before. */
  readonly stored: readonly string[]
  /** Set if a process that is killed leaves a response under each of these paths: the one that was there, or the next. */
  readonly keeps?: true
  /** What can be stored after it, beside what always can. */
  readonly heals?: readonly string[]
  /** Changes the folder before, such as how old its files are. */
  plant?(folder: string): void
  /** What it does. */
  run(client: Client, origin: FileOrigin): Promise<unknown>
}

const small = '/1000/small'
const large = '/600000/large'
const locked = '/1100000/locked'

/** The operations of a cache, each with a fault of its own if anything wrong is answered. */
export const operations: readonly Operation[] = [
  { name: 'store a small response', stored: [], run: (client, origin) => right(client, origin, small) },
  { name: 'store a large response', stored: [], run: (client, origin) => right(client, origin, large) },
  { name: 'read a small response', stored: [small], run: (client, origin) => right(client, origin, small) },
  { name: 'read a large response', stored: [large], run: (client, origin) => right(client, origin, large) },
  { name: 'store in place of a small response', stored: [small], run: renew(small), keeps: true },
  { name: 'store in place of a large response', stored: [large], run: renew(large), keeps: true },
  { name: 'invalidate', stored: [small], run: invalidate },
  {
    name: 'store durably',
    storeOptions: { durable: true },
    stored: [],
    run: (client, origin) => right(client, origin, large)
  }
]

/** What is done less often. Of what nobody waits for an answer of, failing is all right; the answers after it are not to tell. */
export const rareOperations: readonly Operation[] = [
  {
    name: 'store a response that takes a lock',
    stored: [],
    heals: [locked],
    run: (client, origin) => right(client, origin, locked)
  },
  { name: 'confirm a response', stored: ['/1000/confirmed'], run: renew('/1000/confirmed'), keeps: true },
  {
    name: 'note that a response was used',
    stored: [small],
    plant: age,
    run: (client, origin) => right(client, origin, small)
  },
  { name: 'remove responses', stored: [small, large], run: (client) => removeAll(client) },
  { name: 'clear', stored: [small, large], run: (client) => client.call('call', 'clear').catch(survived) },
  {
    name: 'prune',
    stored: [small, large],
    plant: (folder) => {
      const v1 = join(folder, 'v1')
      const { path } = filesIn(folder).find(({ name }) => name.includes('.') && name.includes('entries')) as {
        path: string
      }
      writeFileSync(`${path.replace(/\.[0-9a-f]+$/, '')}.0123`, 'a body of nobody')
      writeFileSync(join(v1, 'entries/tmp', `${'0'.repeat(32)}.4194305`), 'a file of somebody who died')
      mkdirSync(join(v1, 'locks', `${'0'.repeat(64)}.forward`), { recursive: true, mode: 0o700 })
      mkdirSync(join(v1, `cleared.${'0'.repeat(32)}`, 'abc'), { recursive: true, mode: 0o700 })
      age(folder)
    },
    run: (client) => client.call('call', 'prune').catch(survived)
  }
]

/** As if nothing had been done there for two days. */
function age(folder: string): void {
  const then = new Date(Date.now() - 48 * 3_600_000)
  for (const { path } of placesIn(folder)) utimesSync(path, then, then)
}

async function removeAll(client: Client): Promise<void> {
  const keys = await client.call<string[]>('keys').catch(() => [])
  for (const key of keys) await client.call('call', 'delete', key).catch(survived)
}

/** A store that fails says so. A process that ended says something else. */
function survived(error: Error): void {
  if (!error.message.startsWith('the process says: ')) throw error
}

async function right(client: Client, origin: FileOrigin, path: string): Promise<void> {
  const fault = origin.faultOf(path, await client.ask(origin.url(path)))
  if (fault !== undefined) throw new Error(fault)
}

/** Has the cache ask the origin, and store what it says. */
function renew(path: string) {
  return async (client: Client, origin: FileOrigin): Promise<void> => {
    const answer = await client.ask(origin.url(path), { headers: { 'cache-control': 'no-cache' } })
    const fault = origin.faultOf(path, answer)
    if (fault !== undefined) throw new Error(fault)
  }
}

/** What was stored before must not come again, whether or not it could be marked. */
async function invalidate(client: Client, origin: FileOrigin): Promise<void> {
  const { status, error } = await client.ask(origin.url(small), { method: 'POST' })
  if (status !== 204) throw new Error(`the POST was answered with ${status ?? error}`)
  const before = origin.asked(small)
  await right(client, origin, small)
  if (origin.asked(small) === before) throw new Error('what was invalidated came from the cache')
}

/** One operation, to be done again and again on folders that are alike, each time with another call failing. */
export class TracedOperation {
  readonly #operation: Operation
  readonly #origin: FileOrigin
  readonly #before = temporaryFolder()
  readonly #folder = join(temporaryFolder(), 'cache')
  #client: Client | undefined
  #paths: readonly string[] = []
  /** The calls that the operation makes of these files, in their order. */
  calls: readonly string[] = []

  private constructor(operation: Operation, origin: FileOrigin) {
    this.#operation = operation
    this.#origin = origin
  }

  static async prepare(operation: Operation): Promise<TracedOperation> {
    const traced = new TracedOperation(operation, await FileOrigin.start())
    await traced.#prepare()
    return traced
  }

  async #prepare(): Promise<void> {
    const client = await this.#start()
    await client.open(this.#before, this.#settings)
    for (const path of this.#operation.stored) await right(client, this.#origin, path)
    await client.call('settle')
    this.#operation.plant?.(this.#before)
    // Twice: what an operation opens lazily, such as a module, it opens the first time only.
    const paths = new Set<string>()
    for (let i = 0; i < 2; i++) {
      const lines = await this.#traced({ calls: fileCalls })
      for (const path of pathsIn(lines, this.#folder)) paths.add(path)
    }
    this.#paths = [...paths]
    const lines = await this.#traced({ calls: fileCalls, paths: this.#paths })
    this.calls = lines.flatMap((line) => /^\d+ +(\w+)\(/.exec(line)?.[1] ?? [])
  }

  /**
   * Does it with the `n`-th such call of each thread going wrong as `effect` says, such as `error=EIO`, and with a `+` all
   * after it too; asserts that
   * it was answered as without a cache, and that the folder heals; `look` is called before that. `false` if there are not
   * that many such calls.
   */
  async runWith(
    call: string,
    effect: string,
    n: number | `${number}+`,
    look: (folder: string) => void = () => {}
  ): Promise<boolean> {
    const inject = `${call}:${effect}:when=${n}`
    const about = `${this.#operation.name}, ${inject}`
    const isDeadly = effect === 'signal=KILL'
    let lines: string[]
    try {
      lines = await this.#traced({ calls: call, paths: this.#paths, inject }, isDeadly)
      look(this.#folder)
      if (isDeadly && this.#operation.keeps) await this.#assertKept()
      await this.assertHealed()
    } catch (cause) {
      throw new Error(`${about}: ${(cause as Error).message}`, { cause })
    }
    return lines.some((line) => line.includes('(INJECTED)') || line.includes('+++ killed by SIGKILL'))
  }

  /** The files that the operation has to do with, those that it makes included. */
  get paths(): readonly string[] {
    return this.#paths
  }

  /** Below it are all paths. */
  get folder(): string {
    return this.#folder
  }

  /** Does it on a folder that `plant` has changed, and asserts that it was answered as without a cache. */
  async runOn(plant: () => void): Promise<void> {
    const client = await this.#reset(plant)
    const failure = await this.#run(client)
    if (failure !== undefined) throw failure
    // Once more, with whatever came of it.
    await this.#operation.run(client, this.#origin)
  }

  get #settings(): OpenOptions {
    return { storeOptions: this.#operation.storeOptions ?? {} }
  }

  async #start(): Promise<Client> {
    this.#client = await Client.start({
      nodeOptions: ['--unhandled-rejections=strict', '--import', join(__dirname, 'processes/predictable.mjs')],
      // `when` counts the calls of each thread.
      env: { UV_THREADPOOL_SIZE: '1' }
    })
    return this.#client
  }

  /** Does the operation on a folder as it was before; the lines of the trace. */
  async #traced(options: Parameters<typeof Trace.attach>[1], mayDie = false): Promise<string[]> {
    const client = await this.#reset()
    const trace = await Trace.attach(client.pid, options)
    const failure = await this.#run(client)
    const lines = await trace.stop()
    if (failure !== undefined) {
      this.#client = undefined
      if (!mayDie || !failure.message.includes('SIGKILL')) throw failure
    }
    return lines
  }

  /** The client, with the folder as it was before, but for what `plant` does to it. */
  async #reset(plant = () => {}): Promise<Client> {
    const client = this.#client ?? (await this.#start())
    await client.call('settle')
    this.#empty()
    cpSync(this.#before, this.#folder, { recursive: true, preserveTimestamps: true })
    plant()
    await client.call('startOver')
    await client.open(this.#folder, this.#settings)
    return client
  }

  /** What is still being done in the background may make folders between one step and the next. */
  #empty(): void {
    for (;;) {
      try {
        rmSync(this.#folder, { recursive: true, force: true })
        mkdirSync(this.#folder, { mode: 0o700 })
        return
      } catch (error) {
        if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
    }
  }

  async #run(client: Client): Promise<Error | undefined> {
    try {
      await this.#operation.run(client, this.#origin)
      await client.call('settle')
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  async #assertKept(): Promise<void> {
    const client = this.#client ?? (await this.#start())
    await client.open(this.#folder, this.#settings)
    for (const path of this.#operation.stored) {
      const { outcome } = await client.ask(this.#origin.url(path))
      if (outcome !== 'hit') throw new Error(`neither the old response nor the new one is there: ${outcome}`)
    }
  }

  /** Another store on the folder answers rightly, and from the cache the second time. */
  async assertHealed(): Promise<void> {
    const client = this.#client ?? (await this.#start())
    // Other names than those of the files that may have been left behind.
    await client.call('startOver', 1_000)
    await client.open(this.#folder, this.#settings)
    for (const path of [small, large, ...(this.#operation.heals ?? [])]) {
      await right(client, this.#origin, path)
      const before = this.#origin.asked(path)
      await right(client, this.#origin, path)
      if (this.#origin.asked(path) !== before) throw new Error(`${path} is not stored any more`)
    }
  }
}
