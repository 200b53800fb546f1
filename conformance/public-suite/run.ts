import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Dispatcher, fetch, type RequestInit } from 'undici'
import type { Mode, RawResults, SuiteTest } from './classify.js'

const client = join(import.meta.dirname, 'client.mjs')

/** The tests of the suite, in its order. */
export function listTests(): SuiteTest[] {
  return JSON.parse(execFileSync(process.execPath, [client, 'list'], { encoding: 'utf8' }))
}

/**
 * Runs tests of one mode through `dispatcher`, without ids all of them; resolves to what the suite's client says of each.
 */
export async function runSuite(mode: Mode, dispatcher: Dispatcher, ids: readonly string[] = []): Promise<RawResults> {
  const child = fork(client, [mode, ...ids])
  try {
    return await Promise.race([resultsOf(child, mode, dispatcher), failureOf(child)])
  } finally {
    child.kill()
  }
}

function resultsOf(child: ChildProcess, mode: Mode, dispatcher: Dispatcher): Promise<RawResults> {
  return new Promise((resolve) => {
    child.on('message', async (message: Results | Request) => {
      if ('results' in message) return resolve(message.results)
      const reply = await answer(mode, dispatcher, message)
      if (child.connected) child.send(reply)
    })
  })
}

async function failureOf(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`The suite's client ended before it had results: ${signal ?? code}`)
}

async function answer(mode: Mode, dispatcher: Dispatcher, { id, url, init }: Request) {
  try {
    const response = await fetch(url, { ...init, ...cacheModeOf(mode), dispatcher })
    const { status, statusText } = response
    const body = await response.text()
    return { id, response: { status, statusText, headers: [...response.headers], body } }
  } catch (error) {
    const { name, message, cause } = error as Error
    return { id, error: { name, message: cause instanceof Error ? `${message}: ${cause.message}` : message } }
  }
}

/**
 * For shared caches the suite's client counts on a fetch without cache modes. Of undici's modes only force-cache adds
 * no fields to a request; undici does nothing else with it.
 */
function cacheModeOf(mode: Mode): RequestInit {
  return mode === 'shared' ? { cache: 'force-cache' } : {}
}

interface Request {
  id: number
  url: string
  init?: RequestInit
}

interface Results {
  results: RawResults
}
