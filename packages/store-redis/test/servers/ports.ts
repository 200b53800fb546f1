import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const FIRST = 10_000
const LAST = 32_000
/** More than there are test files at work at a time. */
const WORKERS = 16
const worker = Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS

/** Those given out by this test file: the server of one may be down, and is to find it free when it comes back. */
const given = new Set<number>()

/**
 * A port that nobody listens on. It lies below those that the system gives to connections and to servers that ask for
 * any port, and test files that run at the same time have ports of their own: so nobody takes it while its server is being
 * restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + randomInt((LAST - FIRST) / WORKERS) * WORKERS + worker
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
