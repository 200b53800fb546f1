import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const LINE_BYTES = 64

/** The bytes of answer number `n` to a path, different from those of every other answer in each line. */
export function contentOf(path: string, n: number, bytes: number): Buffer {
  const content = Buffer.alloc(Math.ceil(bytes / LINE_BYTES) * LINE_BYTES, '.')
  for (let at = 0; at < content.byteLength; at += LINE_BYTES) content.write(`${n} ${path} ${at}\n`, at, 'latin1')
  return content.subarray(0, bytes)
}

/** A field of answers to what makes others outdated: how many those are. Later ones are not, even if it is still on its way. */
export const answersBefore = 'answers-before'

/** The length that a path such as `/1024/a` asks for. */
export const bytesOf = (path: string): number => Number(path.split('/')[1])

/**
 * An origin that counts, and whose answers tell by themselves whether they are whole. `/1024/a` is answered with 1,024
 * bytes, fresh for an hour, and with its number in `ETag`; any other method than GET makes that path's answers
 * outdated, and is told how many.
 */
export class TellingOrigin {
  /** GET requests so far. */
  requests = 0
  readonly #server: Server
  readonly #counts = new Map<string, number>()

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method, url = '/' } = request
      request.resume()
      if (method !== 'GET') {
        response.writeHead(204, { [answersBefore]: this.answersTo(url) }).end()
        return
      }
      const n = this.answersTo(url)
      this.#counts.set(url, n + 1)
      this.requests++
      const content = contentOf(url, n, bytesOf(url))
      response.writeHead(200, {
        'Cache-Control': 'max-age=3600',
        'Content-Length': content.byteLength,
        'Content-Type': 'text/plain',
        ETag: `"${n}"`
      })
      response.end(content)
    })
    // While this process is busy, a connection would be ended for its silence just when a request comes over it.
    this.#server.keepAliveTimeout = 0
  }

  static async start(): Promise<TellingOrigin> {
    const origin = new TellingOrigin()
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How many GET requests for this path it has answered; the number of its next answer. */
  answersTo(path: string): number {
    return this.#counts.get(path) ?? 0
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}
