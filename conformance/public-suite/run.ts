import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Dispatcher, fetch, type RequestInit } from 'undici'
import type { Mode, RawResults, SuiteTest } from './classify.js'
import { type ReverseProxy, startReverseProxy } from './reverse-proxy.js'

const client = join(import.meta.dirname, 'client.mjs')

/** The tests of the suite, in its order. */
export function listTests(): SuiteTest[] {
  return JSON.parse(execFileSync(process.execPath, [client, 'list'], { encoding: 'utf8' }))
}

/** Runs tests through `dispatcher`, in one mode; resolves to what the suite's client says of each. */
export async function runSuite(mode: Mode, dispatcher: Dispatcher, ids: readonly string[]): Promise<RawResults> {
  const child = fork(client, [mode, ...ids])
  const proxies: ReverseProxy[] = []
  try {
    return await Promise.race([resultsOf(child, dispatcher, proxies), failureOf(child)])
  } finally {
    child.kill()
    for (const proxy of proxies) await proxy.close()
  }
}

function resultsOf(child: ChildProcess, dispatcher: Dispatcher, proxies: ReverseProxy[]): Promise<RawResults> {
  return new Promise((resolve, reject) => {
    const reply = (message: object) => child.connected && child.send(message)
    child.on('message', (message: Results | Origin | Request) => {
      if ('results' in message) resolve(message.results)
      else if ('url' in message) void answer(dispatcher, message).then(reply)
      else
        startReverseProxy(message.origin, dispatcher).then((proxy) => {
          proxies.push(proxy)
          reply({ base: proxy.url })
        }, reject)
    })
  })
}

async function failureOf(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`The suite's client ended before it had results: ${signal ?? code}`)
}

async function answer(dispatcher: Dispatcher, { id, url, init }: Request) {
  try {
    const response = await fetch(url, { ...init, dispatcher })
    const { status, statusText } = response
    const body = await response.text()
    return { id, response: { status, statusText, headers: [...response.headers], body } }
  } catch (error) {
    const { name, message, cause } = error as Error
    return { id, error: { name, message: cause instanceof Error ? `${message}: ${cause.message}` : message } }
  }
}

interface Request {
  id: number
  url: string
  init?: RequestInit
}

/** Where the suite's server is, for the proxy that the client waits for. */
interface Origin {
  origin: string
}

interface Results {
  results: RawResults
}
