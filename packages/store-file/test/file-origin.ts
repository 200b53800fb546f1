import { createCipheriv, createHash } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'

const origins: FileOrigin[] = []
const ETag = '"1"'

afterEach(async () => {
  for (const origin of origins.splice(0)) await origin.stop()
})

interface Got {
  readonly generation: number
  readonly bytes: number
  readonly sha256: string
  readonly error?: string
}

/**
 * A real origin: `/<bytes>/<anything>` has so many bytes, others each time it is asked, fresh for a day. What it sent can be
 * told from its generation, the number of times that the path had been asked for before. Under `/<bytes>/confirmed` it confirms
 * what others have, whatever that is.
 */
export class FileOrigin {
  readonly #server: Server
  readonly #counts = new Map<string, number>()
  /** Answers that wait for `letGo` in their middle, by path. */
  readonly #held = new Map<string, ServerResponse[]>()
  #wasAsked = () => {}

  private constructor() {
    this.#server = createServer(({ url = '', method, headers }, response) => {
      const generation = this.#counts.get(url) ?? 0
      if (method === 'POST') return void response.writeHead(204).end()
      this.#counts.set(url, generation + 1)
      const isConfirmed = url.endsWith('/confirmed')
      if (isConfirmed && headers['if-none-match'] !== undefined) return void response.writeHead(304, { ETag }).end()
      response.writeHead(200, {
        'Cache-Control': 'public, max-age=86400',
        ...(isConfirmed && { ETag }),
        'X-Generation': generation,
        'Content-Length': bytesOf(url)
      })
      const content = contentOf(url, generation)
      const held = this.#held.get(url)
      if (held === undefined) response.end(content)
      else {
        response.write(content.subarray(0, content.byteLength >> 1))
        held.push(response)
        response.on('release', () => response.end(content.subarray(content.byteLength >> 1)))
      }
      this.#wasAsked()
    })
  }

  static async start(): Promise<FileOrigin> {
    const origin = new FileOrigin()
    origins.push(origin)
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    return origin
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  url(path: string): string {
    return `${this.base}${path}`
  }

  /** How often it was asked for a path. */
  asked(path: string): number {
    return this.#counts.get(path) ?? 0
  }

  /** Answers to this path stop in their middle, from now on. */
  hold(path: string): void {
    this.#held.set(path, [])
  }

  /** Resolves when so many answers to a path have stopped in their middle. */
  async holds(path: string, count = 1): Promise<void> {
    while ((this.#held.get(path)?.length ?? 0) < count)
      await new Promise<void>((resolve) => {
        this.#wasAsked = resolve
      })
  }

  /** Lets the answers to a path go on, and holds no further ones. */
  letGo(path: string): void {
    this.takeHeld(path)()
  }

  /** Holds no further answers to a path; lets those go on, when it is called, that are held. */
  takeHeld(path: string): () => void {
    const held = this.#held.get(path) ?? []
    this.#held.delete(path)
    return () => {
      for (const response of held) response.emit('release')
    }
  }

  /** What is wrong with what was got for a path: any of its answers may come, but whole and as it was sent. */
  faultOf(path: string, got: Got): string | undefined {
    if (got.error !== undefined) return `${path} failed: ${got.error}`
    if (!(got.generation < this.asked(path))) return `${path}: there is no answer ${got.generation}`
    const content = contentOf(path, got.generation)
    if (got.bytes !== content.byteLength) return `${path}: ${got.bytes} bytes of ${content.byteLength}`
    if (got.sha256 !== sha256(content)) return `${path}: not the bytes of answer ${got.generation}`
    return undefined
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

const bytesOf = (path: string) => Number(path.split('/', 2)[1])

/** The bytes of the answer of this number to this path. */
export function contentOf(path: string, generation: number): Buffer {
  const key = createHash('sha256').update(`${generation} ${path}`).digest().subarray(0, 16)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytesOf(path)))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
