import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came over the wire, body included. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** What the origin does with its request number `n`, counted from 0 for each path. */
export type Respond = (request: ReceivedRequest, response: ServerResponse, n: number) => void

/** A real HTTP/1.1 server on a free port that remembers what it was asked. It sends no `Date` of its own. */
export class Origin {
  readonly requests: ReceivedRequest[] = []
  readonly #server
  readonly #counts = new Map<string, number>()

  private constructor(respond: Respond) {
    this.#server = createServer((message, response) => {
      response.sendDate = false
      void this.#receive(message).then((request) => {
        const n = this.#counts.get(request.path) ?? 0
        this.#counts.set(request.path, n + 1)
        this.requests.push(request)
        respond(request, response, n)
      })
    })
  }

  static async start(respond: Respond): Promise<Origin> {
    const origin = new Origin(respond)
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Cuts every connection and stops listening: from then on connecting fails. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #receive(message: IncomingMessage): Promise<ReceivedRequest> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer)
    } catch {
      // The client went away in the middle of its body: the request is what came of it.
    }
    const { method = '', url = '', headers, rawHeaders } = message
    return { method, path: url, headers, rawHeaders, body: Buffer.concat(chunks) }
  }
}
