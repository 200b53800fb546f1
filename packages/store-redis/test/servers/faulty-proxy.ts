import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { endAfterwards } from './ending.js'

/** What happens on the way between a client and its server. */
export type Fault =
  /** New connections are reset, open ones go on. */
  | { readonly kind: 'refuse' }
  /** Connections stay open and nothing comes through, in neither direction. */
  | { readonly kind: 'swallow' }
  /** Commands reach the server, replies are lost. */
  | { readonly kind: 'swallow-replies' }
  /** Each reply comes so much later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Replies come in packets of one byte. */
  | { readonly kind: 'slice' }
  /** The connection is reset after so many more bytes of replies. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The bits of every byte of a reply are turned. */
  | { readonly kind: 'garble' }

interface Passage {
  readonly client: Socket
  readonly server: Socket
  /** Bytes of replies that still pass. */
  left: number
  /** Replies that come later, in their order. */
  late: { readonly bytes: Buffer; readonly timer: NodeJS.Timeout }[]
  /** Whether bytes are missing: who goes on reading takes the reply to one command for that to another. */
  hasLost: boolean
}

/** A TCP proxy in front of one port that does harm on demand, to open connections too. */
export class FaultyProxy {
  readonly #server: Server
  readonly #to: number
  readonly #passages = new Set<Passage>()
  #fault: Fault | undefined
  #connections = 0
  #sentBytes = 0
  #watch: ((bytes: Buffer) => unknown) | undefined

  constructor(port: number) {
    this.#to = port
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (client) => this.#accept(client))
    endAfterwards(() => this.stop())
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Connections made to it so far. */
  get connections(): number {
    return this.#connections
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#passages.size
  }

  /** Bytes of commands received so far. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  /** From now on; until `heal`. */
  inject(fault: Fault): void {
    this.heal()
    this.#fault = fault
    if (fault.kind === 'cut') for (const passage of this.#passages) passage.left = fault.afterBytes
  }

  /**
   * Passes everything on again, what is late at once: no network changes the order of replies. What was swallowed is lost,
   * and the connections that it is missing from are reset.
   */
  heal(): void {
    this.#fault = undefined
    for (const passage of this.#passages) {
      if (passage.hasLost) this.#reset(passage)
      for (const { bytes, timer } of passage.late.splice(0)) {
        clearTimeout(timer)
        if (passage.client.writable) passage.client.write(bytes)
      }
    }
  }

  /** Resets every connection; new ones are welcome. */
  reset(): void {
    for (const passage of this.#passages) this.#reset(passage)
  }

  /** Calls `look` with the bytes of every command before they go on; they wait if it answers with a promise. */
  watch(look: ((bytes: Buffer) => unknown) | undefined): void {
    this.#watch = look
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  #accept(client: Socket): void {
    this.#connections++
    if (this.#fault?.kind === 'refuse') {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.#to, host: '127.0.0.1', noDelay: true })
    const left = this.#fault?.kind === 'cut' ? this.#fault.afterBytes : 0
    const passage: Passage = { client, server, left, late: [], hasLost: false }
    this.#passages.add(passage)
    let sending = Promise.resolve()
    client.on('data', (bytes) => {
      this.#sentBytes += bytes.byteLength
      if (this.#watch === undefined) this.#send(passage, bytes)
      else {
        const watch = this.#watch
        sending = sending.then(async () => {
          await watch(bytes)
          this.#send(passage, bytes)
        })
      }
    })
    server.on('data', (bytes) => this.#reply(passage, bytes))
    for (const [socket, other] of [
      [client, server],
      [server, client]
    ] as const) {
      socket.on('error', () => this.#reset(passage))
      socket.on('end', () => other.end())
      socket.on('close', () => {
        this.#passages.delete(passage)
        other.destroy()
      })
    }
  }

  #send(passage: Passage, bytes: Buffer): void {
    if (this.#fault?.kind === 'swallow') passage.hasLost = true
    else if (passage.server.writable) passage.server.write(bytes)
  }

  #reply(passage: Passage, bytes: Buffer): void {
    const { client } = passage
    if (!client.writable) return
    const fault = this.#fault
    switch (fault?.kind) {
      case undefined:
      case 'refuse':
        client.write(bytes)
        return
      case 'swallow':
      case 'swallow-replies':
        passage.hasLost = true
        return
      case 'latency': {
        // Timers of the same length keep their order.
        const timer = setTimeout(() => {
          passage.late.shift()
          if (client.writable) client.write(bytes)
        }, fault.ms)
        passage.late.push({ bytes, timer })
        return
      }
      case 'slice':
        for (const byte of bytes) client.write(Buffer.of(byte))
        return
      case 'cut': {
        const part = bytes.subarray(0, passage.left)
        passage.left -= part.byteLength
        if (part.byteLength === bytes.byteLength) client.write(part)
        else client.write(part, () => this.#reset(passage))
        return
      }
      case 'garble':
        client.write(bytes.map((byte) => byte ^ 0xff))
        return
      default:
        fault satisfies never
    }
  }

  #reset(passage: Passage): void {
    this.#passages.delete(passage)
    for (const socket of [passage.client, passage.server]) if (!socket.destroyed) socket.resetAndDestroy()
  }
}

/** A proxy in front of a port, stopped when the tests of the file are over. */
export async function startFaultyProxy({ port }: { readonly port: number }): Promise<FaultyProxy> {
  const proxy = new FaultyProxy(port)
  await proxy.start()
  return proxy
}
