import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const jestBin = join(root, 'node_modules/jest/bin/jest.js')

/** The package manager, fetched by npm: it need not be installed. */
export const pnpm = (...args) => ['npx', ['-y', 'pnpm@12', ...args]]
export const turbo = (...args) => pnpm('exec', 'turbo', 'run', ...args)

class CommandFailed extends Error {
  constructor(command, args, status, output) {
    super(`${[command, ...args].join(' ')} ended with ${status}\n${output}`)
  }
}

/**
 * Runs a command and resolves to what it printed. Rejects, with the output, if it fails or takes longer than
 * `timeoutMs`. With `show` the output goes to stderr while it comes, and the promise resolves to ''.
 */
export function run(command, args, { cwd = root, env = {}, timeoutMs = 15 * 60_000, show = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      // Under `npm run --silent` npm would not say why it fails.
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_loglevel: 'notice', ...env },
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
      detached: true
    })
    let output = ''
    let late = false
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    const stop = () => {
      // A group of its own, so that workers and the like end as well.
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        if (error.code !== 'ESRCH') throw error
      }
    }
    const interrupted = () => {
      stop()
      process.exit(130)
    }
    const timer = setTimeout(() => {
      late = true
      stop()
    }, timeoutMs)
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    const finished = () => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
    }
    child.once('error', (error) => {
      finished()
      reject(error)
    })
    child.once('close', (code, signal) => {
      finished()
      if (code === 0) resolve(output)
      else
        reject(new CommandFailed(command, args, late ? `no end after ${timeoutMs / 1000} s` : (signal ?? code), output))
    })
  })
}

/** Counts steps and tests, tells about them on stderr, and ends with the one line that counts on stdout. */
export class Tally {
  passed = 0
  failed = 0

  /** Runs one named step. It counts as one check; if `work` returns `{ passed, failed }`, these are added. */
  async step(name, work) {
    const started = Date.now()
    const told = (sign) => console.error(`${sign} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
    try {
      const counts = await work()
      if (counts?.passed !== undefined) this.add(counts)
      this.passed += 1
      told('✓')
      return true
    } catch (error) {
      if (error.counts) this.add(error.counts)
      this.failed += 1
      told('✗')
      console.error(error instanceof CommandFailed ? error.message : (error.stack ?? error))
      return false
    }
  }

  add({ passed, failed }) {
    this.passed += passed
    this.failed += failed
  }

  finish() {
    if (this.failed > 0 || this.passed === 0) process.exitCode = 1
    console.log(`${this.passed} passed, ${this.failed} failed`)
  }
}

/**
 * Tests of a jest report, `{ passed, failed }`. What did not run counts as failed: suites that broke, tests that are
 * skipped, pending or to do. With `filtered`, tests left out by a name pattern do not count at all.
 */
export function countTests(report, { filtered = false } = {}) {
  const notRun = report.numTodoTests + (filtered ? 0 : report.numPendingTests)
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites + notRun }
}

/** Runs jest and resolves to `{ passed, failed }`. Rejects, with these counts, unless all went well and something ran. */
export async function jest(args, { node = process.execPath, env = {}, timeoutMs = 30 * 60_000 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cc-jest-'))
  const outputFile = join(folder, 'report.json')
  try {
    let broken
    const command = [jestBin, '--ci', '--json', `--outputFile=${outputFile}`, ...args]
    await run(node, command, { env, timeoutMs, show: true }).catch((error) => {
      broken = error
    })
    if (!existsSync(outputFile)) throw broken ?? new Error('jest wrote no report')
    const filtered = args.some((arg) => /^(-t|--testNamePattern)/.test(arg))
    const counts = countTests(JSON.parse(readFileSync(outputFile, 'utf8')), { filtered })
    if (broken || counts.failed > 0) throw Object.assign(new Error(`jest: ${counts.failed} failed`), { counts })
    if (counts.passed === 0) throw new Error('jest: no test ran')
    return counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Installs what the lockfile says; does nothing if that was done before. */
export async function install() {
  const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
  const installed = join(root, 'node_modules/.pnpm/lock.yaml')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lockfile) return
  await run(...pnpm('install', '--frozen-lockfile'))
}

export const build = () => run(...turbo('build'))
