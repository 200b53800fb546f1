import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const aptLock = join(__dirname, '../../../node_modules/.apt.lock')

/** Sees to it that strace is there: as root it is installed where it is missing. */
export function needStrace(): void {
  if (runs('strace', '-V')) return
  const why = 'these tests need strace, which has the kernel fail a chosen call of a process'
  if (process.getuid?.() !== 0) throw new Error(`${why}: install it, with Debian by \`apt-get install strace\``)
  try {
    // Test files run side by side, and apt-get does not wait for another one in all it does.
    const install = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends strace'
    execFileSync('flock', [aptLock, 'sh', '-c', install], { stdio: 'ignore' })
  } catch (cause) {
    throw new Error(`${why}: \`apt-get install strace\` failed`, { cause })
  }
}

function runs(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface TraceOptions {
  /** The calls to look at, separated by commas. */
  readonly calls: string
  /** Only calls that have to do with these files. */
  readonly paths?: readonly string[]
  /** What strace is to inject, such as `write:error=ENOSPC:when=2`. */
  readonly inject?: string
}

/** Looks at a process until it is told to stop. */
export class Trace {
  readonly #strace: ChildProcess
  readonly #folder: string
  readonly #gone: Promise<unknown>
  #told = ''

  private constructor(pid: number, { calls, paths = [], inject }: TraceOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'store-file-trace-'))
    const args = ['-f', '-y', '-s', '0', '-p', `${pid}`, '-o', this.#log, '-e', `trace=${calls}`]
    for (const path of paths) args.push('-P', path)
    if (inject !== undefined) args.push('-e', `inject=${inject}`)
    this.#strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#gone = once(this.#strace, 'close')
  }

  /** Resolves when every call of the process is looked at. */
  static async attach(pid: number, options: TraceOptions): Promise<Trace> {
    const trace = new Trace(pid, options)
    const attached = new Promise<void>((resolve) => {
      trace.#strace.stderr?.setEncoding('utf8').on('data', (text: string) => {
        trace.#told += text
        if (/Process \d+ attached/.test(trace.#told)) resolve()
      })
    })
    const gone = trace.#gone.then(() => true)
    if ((await Promise.race([attached, gone])) === true) {
      trace.#remove()
      throw new Error(`strace could not look at the process: ${trace.#told}`)
    }
    return trace
  }

  get #log(): string {
    return join(this.#folder, 'log')
  }

  /** Leaves the process to itself; the lines about the calls that were seen. */
  async stop(): Promise<string[]> {
    this.#strace.kill('SIGINT')
    await this.#gone
    const log = existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : ''
    this.#remove()
    return log.split('\n').filter((line) => line !== '')
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The files below `folder` that the lines of a trace name. */
export function pathsIn(lines: readonly string[], folder: string): string[] {
  const paths = lines.flatMap((line) => [...line.matchAll(/["<](\/[^">]*)/g)].map(([, path = '']) => path))
  return [...new Set(paths)].filter((path) => path === folder || path.startsWith(`${folder}/`))
}
