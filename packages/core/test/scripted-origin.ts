import type { Socket } from 'node:net'
import { turns } from './no-stray-errors.js'
import { type RawOrigin, rawOrigin, writeRaw } from './raw-origin.js'

/** What the origin does wrong, once for each path. */
export type Misbehaviour = keyof typeof misbehaviours

export interface ScriptedOrigin extends RawOrigin {
  /** Resolves when the next answer has come to a standstill. */
  stalled(): Promise<void>
}

interface Turn {
  readonly socket: Socket
  /** Of the head, without what says how long the body is. */
  readonly head: readonly string[]
  readonly body: string
  readonly stalled: () => void
}

/** The body of the answer number `n` to a path: no two have a byte in common at the same place. */
export function scriptedBody(n: number): string {
  return String.fromCharCode(65 + n).repeat(1_000)
}

const misbehaviours = {
  /** Ends the connection in the middle of a body of known length. */
  cutcl: (turn: Turn) => sendHalf(turn, ({ socket }) => socket.end()),
  /** The same with a reset. */
  rstcl: (turn: Turn) => sendHalf(turn, ({ socket }) => reset(socket)),
  /** Ends the connection before the last chunk. */
  cutchunk: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...head, 'Transfer-Encoding: chunked'], chunk(half(body)))
    socket.end()
  },
  /** Ends it within a chunk. */
  rstchunk: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...head, 'Transfer-Encoding: chunked'], chunk(body).slice(0, 500))
    reset(socket)
  },
  /** Says of no body how long it is, and sends half of one. */
  closedelim: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...head, 'Connection: close'], half(body))
    socket.end()
  },
  /** Sends twice as much as announced. */
  longcl: ({ socket, head, body }: Turn) => writeRaw(socket, withLength(head, body), body + body.toLowerCase()),
  /** Comes to a standstill. */
  stall: (turn: Turn) => sendHalf(turn, ({ stalled }) => stalled()),
  /** Sends a few bytes at a time. */
  slow: ({ socket, head, body }: Turn) => {
    writeRaw(socket, withLength(head, body))
    void dribble(socket, body)
  },
  /** Ends the connection after the head. */
  headersOnly: ({ socket, head, body }: Turn) => {
    writeRaw(socket, withLength(head, body))
    socket.end()
  },
  /** Ends it within the head. */
  halfHead: ({ socket, head }: Turn) => {
    socket.write(head.join('\r\n'))
    socket.end()
  },
  /** Answers twice. */
  twoResponses: ({ socket, head, body }: Turn) => {
    writeRaw(socket, withLength(head, body), body)
    writeRaw(socket, withLength(head, body), body.toLowerCase())
  },
  /** Confirms what is stored, and sends half of a body that such an answer cannot have. */
  bodiedNotModified: ({ socket, body }: Turn) => {
    writeRaw(socket, ['HTTP/1.1 304 Not Modified', 'ETag: "0"', `Content-Length: ${body.length}`], half(body))
    socket.end()
  },
  /** Sends a chunk whose length is none. */
  badChunk: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...head, 'Transfer-Encoding: chunked'], `${chunk(half(body))}zz\r\n`)
  },
  /** Sends a length beside chunks. */
  both: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...withLength(head, body), 'Transfer-Encoding: chunked'], `${chunk(body)}0\r\n\r\n`)
  },
  /** Breaks a field value off with a line end that is none. */
  crlf: ({ socket, head, body }: Turn) => {
    writeRaw(socket, [...withLength(head, body), 'X-Broken: a\rSet-Cookie: a=1'], body)
  }
}

const ways = Object.keys(misbehaviours) as Misbehaviour[]

/**
 * An origin that misbehaves as the path says, such as `/cutcl`, the first time it is asked for it, and is well then.
 * `?at=1` has it misbehave at the second request, `?fields=` adds lines to every head of a path. `X-N` counts.
 */
export async function scriptedOrigin(): Promise<ScriptedOrigin> {
  const counts = new Map<string, number>()
  const waiting: (() => void)[] = []
  const raw = await rawOrigin((socket, _n, requestHead) => {
    const path = /^\S+ (\S+)/.exec(requestHead)?.[1] ?? '/'
    const { pathname, searchParams } = new URL(path, 'http://localhost')
    const n = counts.get(path) ?? 0
    counts.set(path, n + 1)
    const body = scriptedBody(n)
    const fields = searchParams.getAll('fields')
    const head = [
      'HTTP/1.1 200 OK',
      `X-N: ${n}`,
      `ETag: "${n}"`,
      ...(fields.length > 0 ? fields : ['Cache-Control: max-age=60'])
    ]
    const way = pathname.slice(1) as Misbehaviour
    const isBad = n === Number(searchParams.get('at')) && ways.includes(way)
    if (!isBad) writeRaw(socket, withLength(head, body), body)
    else misbehaviours[way]({ socket, head, body, stalled: () => waiting.shift()?.() })
  })
  const stalled = () => new Promise<void>((resolve) => waiting.push(resolve))
  return { ...raw, stalled }
}

function withLength(head: readonly string[], body: string): string[] {
  return [...head, `Content-Length: ${body.length}`]
}

function half(body: string): string {
  return body.slice(0, body.length / 2)
}

function chunk(body: string): string {
  return `${body.length.toString(16)}\r\n${body}\r\n`
}

function sendHalf(turn: Turn, then: (turn: Turn) => void): void {
  writeRaw(turn.socket, withLength(turn.head, turn.body), half(turn.body))
  then(turn)
}

/** Cuts the connection once the other side has read what was sent. */
function reset(socket: Socket): void {
  void turns(20).then(() => socket.resetAndDestroy())
}

async function dribble(socket: Socket, body: string): Promise<void> {
  for (let at = 0; at < body.length; at += 50) {
    await turns(1)
    socket.write(body.slice(at, at + 50))
  }
}
