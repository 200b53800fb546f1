import type { Dispatcher } from 'undici'
import { noBytes } from './exchange.js'
import { option } from './read-request.js'

type Opts = Dispatcher.DispatchOptions

/** A QUERY whose content can be part of a key, and be sent more than once. */
export interface ReadQuery {
  readonly content: string | Uint8Array
  /** To be sent on, with this very content. */
  readonly opts: Opts
}

/**
 * The content of a QUERY, if it is at hand and no longer than `limit` bytes; `undefined` for all else, which is not
 * touched (QRY-02). RFC 10008 §2.7.
 */
export function readQuery(opts: Opts, limit: number): ReadQuery | undefined {
  const body: unknown = option(opts, 'body')
  if (body == null) return { content: noBytes, opts }
  if (typeof body === 'string') return Buffer.byteLength(body) <= limit ? { content: body, opts } : undefined
  const bytes = bytesOf(body)
  if (bytes === undefined || bytes.byteLength > limit) return undefined
  // The caller may write into its own before they are sent, or sent again.
  const content = Buffer.from(bytes)
  return { content, opts: { ...opts, body: content } }
}

/** What undici sends as bytes. */
function bytesOf(body: unknown): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(body)
  if (!isView && !(body instanceof ArrayBuffer)) return undefined
  // That of memory that was transferred away is empty, and cannot even be looked at.
  if (body.byteLength === 0) return noBytes
  return isView ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array(body)
}
