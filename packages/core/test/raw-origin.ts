import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach } from '@jest/globals'

const running: { server: Server; sockets: Set<Socket> }[] = []

afterEach(async () => {
  for (const { server, sockets } of running.splice(0)) {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** What is done with the request number `n`, counted from 0, when its head has arrived. */
export type RawRespond = (socket: Socket, n: number, head: string) => void

export interface RawOrigin {
  readonly url: string
  /** The heads of the requests that came. */
  readonly requests: readonly string[]
  /** How many connections there were so far. */
  connections(): number
}

/** A server that answers with whatever bytes it is told to, well-formed or not. It is taken down after the test. */
export async function rawOrigin(respond: RawRespond): Promise<RawOrigin> {
  let connections = 0
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    connections++
    let parts: string[] = []
    let tail = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      const mayEnd = (tail + text).includes('\r\n\r\n')
      parts.push(text)
      tail = (tail + text).slice(-3)
      // A head of some megabytes comes in many parts: they are looked through once.
      if (!mayEnd) return
      let received = parts.join('')
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end)
        received = received.slice(end + 4)
        requests.push(head)
        respond(socket, requests.length - 1, head)
      }
      parts = [received]
      tail = received.slice(-3)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push({ server, sockets })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, requests, connections: () => connections }
}

/** Writes a response: lines of its head, then its body as it is. */
export function writeRaw(socket: Socket, head: readonly string[], body = ''): void {
  socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
}
