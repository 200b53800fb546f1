import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { RawHeaders } from './caller.js'

/** A request of undici's, a stream of HTTP/2, the raw fields of a head: known by who they are. */
type Identity = object

/** Requests written to HTTP/2 connections, and their streams where Node tells. */
const streams = new WeakMap<Identity, Identity | undefined>()
/** The raw fields that came in answer to them, and the same streams. */
const heads = new WeakMap<Identity, Identity | undefined>()
/** Streams that closed before the other side had ended them. */
const cut = new WeakSet<Identity>()
/** The request that was just written: Node makes its stream before anything else is done. */
let written: Identity | undefined
/** The request that was just answered, and the raw fields of the answer: its handler gets them before anything else is done. */
let answered: Identity | undefined
let answer: Identity | undefined
let isWatching = false

/**
 * Begins to notice what the network answers, over which protocol, and which streams are cut. A request meets its socket
 * and the raw fields that its handler gets only on undici's diagnostics channels. undici tells of a stream that was reset
 * with NO_ERROR as of one that ended well; Node shows the difference on channels of its own, from 22.17 and 24.2 on.
 */
export function watchNetwork(): void {
  if (isWatching) return
  isWatching = true
  on('undici:client:sendHeaders', ({ request, socket }) => {
    written = (socket as { alpnProtocol?: unknown } | undefined)?.alpnProtocol === 'h2' ? request : undefined
    if (written !== undefined) streams.set(written, undefined)
  })
  on('http2.client.stream.created', ({ stream }) => {
    if (written !== undefined) streams.set(written, stream)
    written = undefined
  })
  on('http2.client.stream.close', ({ stream }) => {
    if (stream !== undefined && !hasEnded(stream)) cut.add(stream)
  })
  on('undici:request:headers', ({ request, response }) => {
    const raw = (response as { headers?: unknown } | undefined)?.headers
    if (request === undefined || !isObject(raw)) return
    answered = request
    answer = raw
    if (streams.has(request)) heads.set(raw, streams.get(request))
  })
}

/** Whether a head with these raw fields is proven to have come over HTTP/2, on a stream whose end can be told from a cut. */
export function isHttp2(raw: NonNullable<RawHeaders>): boolean {
  return heads.get(raw) !== undefined
}

/** Whether the body that follows these raw fields is known to have been cut short, though it seemed to end well. */
export function isCut(raw: NonNullable<RawHeaders>): boolean {
  const stream = heads.get(raw)
  return stream !== undefined && cut.has(stream)
}

/** Whether these raw fields are the very ones the network has just brought, with nothing in between that makes new ones. */
export function isFromNetwork(raw: Identity): boolean {
  return raw === answer
}

/** What came over the network after a head. */
export interface Passage {
  /** Whether the answer that ended was another one. */
  readonly isPieced: boolean
  /** Whether there was a body. */
  readonly hadBody: boolean
}

/** Begins to watch what comes after the head that came last. What is returned tells of it, and is to be called once. */
export function watchBody(): () => Passage {
  const awaited = answered
  let isPieced = false
  let hadBody = false
  const onTrailers = (message: unknown) => {
    isPieced = requestIn(message) !== awaited
  }
  const onChunk = (message: unknown) => {
    hadBody ||= requestIn(message) === awaited
  }
  subscribe('undici:request:trailers', onTrailers)
  subscribe('undici:request:bodyChunkReceived', onChunk)
  return () => {
    unsubscribe('undici:request:trailers', onTrailers)
    unsubscribe('undici:request:bodyChunkReceived', onChunk)
    return { isPieced, hadBody }
  }
}

function requestIn(message: unknown): Identity | undefined {
  return (message as { request?: Identity }).request
}

/** Whether all of the stream has come, read or not. */
function hasEnded(stream: Identity): boolean {
  return (stream as { _readableState?: { ended?: unknown } })._readableState?.ended !== false
}

function on(channel: string, listener: (message: Readonly<Record<string, Identity | undefined>>) => void): void {
  subscribe(channel, (message) => listener(message as Record<string, Identity | undefined>))
}

function isObject(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null
}
