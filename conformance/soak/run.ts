import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What is left when nothing is under way, after so many requests. */
export interface Sample {
  readonly asked: number
  readonly heapUsed: number
  readonly external: number
  readonly arrayBuffers: number
  readonly bytesStored: readonly number[]
  readonly fds: number
  /** Timers that keep the process alive. */
  readonly timers: number
  /** All timers. */
  readonly pendingTimers: number
  readonly processListeners: number
  readonly agentListeners: number
  readonly signalListeners: number
  readonly requestSubscribers: boolean
}

/** How a soak went. */
export interface Soak {
  readonly samples: readonly Sample[]
  /** Requests a second. */
  readonly rate: number
  readonly ends: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
  /** How the origin failed, by what it did. */
  readonly failed: Readonly<Record<string, number>>
  /** What the two failing stores did instead of what they were asked. */
  readonly failures: readonly Readonly<Record<string, number>>[]
  /** Wrong responses, failures of requests that nothing was done to, warnings. */
  readonly problems: readonly string[]
  /** The limit of each store. */
  readonly maxBytes: number
  readonly exitCode: number | null
  /** From the last thing it did until it was gone. */
  readonly exitMs: number
}

/** Sends requests through failing caches to a failing origin, both in processes of their own. */
export async function soak(requests: number, sampleEvery: number): Promise<Soak> {
  const origin = fork(join(__dirname, 'origin.mjs'))
  try {
    const { port } = await message<{ port: number }>(origin)
    const client = fork(join(__dirname, 'client.mjs'), [`http://127.0.0.1:${port}`, `${requests}`, `${sampleEvery}`], {
      execArgv: ['--expose-gc', '--unhandled-rejections=strict'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    return await watch(client)
  } finally {
    origin.kill()
  }
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [first] = await once(child, 'message')
  return first as T
}

async function watch(client: ChildProcess): Promise<Soak> {
  const samples: Sample[] = []
  let done: { at: number; report: Partial<Soak> } | undefined
  let printed = ''
  for (const stream of [client.stdout, client.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      printed += text
    })
  }
  client.on('message', (message: { sample: Sample } | { done: Partial<Soak> }) => {
    if ('sample' in message) samples.push(message.sample)
    else done = { at: performance.now(), report: message.done }
  })
  const [exitCode] = await once(client, 'exit')
  if (done === undefined) throw new Error(`the client ended with ${exitCode} before it was done: ${printed}`)
  return { ...(done.report as Soak), samples, exitCode, exitMs: performance.now() - done.at }
}
