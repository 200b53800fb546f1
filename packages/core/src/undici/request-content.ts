import { createHash, hash } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { isPromise } from '../awaitable.js'
import { maxTimerMs } from '../budget.js'
import { TapeContentError } from '../errors.js'
import type { Awaitable } from '../store.js'

type GivenBody = Dispatcher.DispatchOptions['body']

/** What a request sends: told from other content by its digest, `null` if there is none, and ready to be sent. */
export interface Content {
  readonly digest: string | null
  readonly body: NonNullable<GivenBody> | null
}

/** The longest content that is recorded: it is held in memory. */
const longestBytes = 67_108_864

/** Until when content is read that comes piece by piece. */
export interface ReadingLimits {
  /** How long a piece may take, in milliseconds; 0 for ever. */
  readonly pieceMs: number
  readonly signal: AbortSignal
}

/** Boundaries of multipart content are random, and say nothing. RFC 2046 §5.1.1. */
const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))/i

/**
 * Reads what a request sends; what can be read but once is kept, to be sent in its place. `type` is its `Content-Type`.
 * Rejects with the error of a body that fails, and with a {@link TapeContentError} for one that is too long or does not end.
 */
export function readContent(body: GivenBody, type: string | undefined, limits: ReadingLimits): Awaitable<Content> {
  const bytes = bytesOf(body, limits)
  if (!isPromise(bytes)) return { digest: digestOf(bytes, type), body: isBytes(body) ? bytes : (body ?? null) }
  const isOnce = isIterable(body) && !isForm(body)
  return bytes.then((bytes) => ({ digest: digestOf(bytes, type), body: isOnce ? bytes : (body ?? null) }))
}

function bytesOf(body: unknown, limits: ReadingLimits): Awaitable<Buffer> {
  if (body == null) return Buffer.alloc(0)
  if (isForm(body)) return formBytes(body)
  if (lengthOf(body) > longestBytes) return Promise.reject(tooLong())
  if (typeof body === 'string') return Buffer.from(body)
  if (isBytes(body)) return copyOf(body)
  if (isBlob(body)) return body.arrayBuffer().then((bytes) => Buffer.from(bytes))
  if (isIterable(body)) return allOf(body, limits)
  // undici will refuse it.
  return Buffer.alloc(0)
}

/** In bytes; 0 where that is known only at the end. */
function lengthOf(body: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (isBytes(body)) return body.byteLength
  return isBlob(body) ? body.size : 0
}

function tooLong(): TapeContentError {
  return new TapeContentError(`this is more than ${longestBytes} bytes`)
}

/** The caller may write into his own before they are sent. That of memory that was transferred away cannot be looked at. */
function copyOf(body: ArrayBufferView | ArrayBuffer): Buffer {
  if (body.byteLength === 0) return Buffer.alloc(0)
  return Buffer.from(
    ArrayBuffer.isView(body) ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array(body)
  )
}

function digestOf(bytes: Buffer, type: string | undefined): string | null {
  if (bytes.byteLength === 0) return null
  const found = type === undefined ? null : boundary.exec(type)
  const name = found?.[1] ?? found?.[2]
  return hash('sha256', name === undefined ? bytes : bytes.toString('latin1').replaceAll(name, 'boundary'))
}

/** Not what is sent, for the boundary is chosen then: the names and values it is made of. */
async function formBytes(form: Iterable<readonly [string, unknown]>): Promise<Buffer> {
  const digest = createHash('sha256')
  let length = 0
  for (const [name, value] of form) {
    const file = isBlob(value) ? value : undefined
    length += lengthOf(value)
    if (length > longestBytes) throw tooLong()
    const { type = '', name: fileName = '' } = file ?? {}
    const bytes = file === undefined ? Buffer.from(String(value)) : Buffer.from(await file.arrayBuffer())
    digest.update(JSON.stringify([name, file !== undefined, type, fileName, bytes.byteLength])).update(bytes)
  }
  return digest.digest()
}

/** All of what comes piece by piece; it is let go of if it does not end in time, or if nobody wants it any more. */
async function allOf(
  body: Iterable<unknown> | AsyncIterable<unknown>,
  { pieceMs, signal }: ReadingLimits
): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    const stalled = () => reject(new TapeContentError(`nothing more came for ${pieceMs} ms, and it has not ended`))
    if (pieceMs > 0) timer = setTimeout(stalled, Math.min(pieceMs, maxTimerMs))
  })
  try {
    return await Promise.race([collect(body, () => timer?.refresh()), stopped])
  } catch (error) {
    if ('destroy' in body && typeof body.destroy === 'function') body.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function collect(body: Iterable<unknown> | AsyncIterable<unknown>, came: () => void): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    came()
    if (typeof chunk !== 'string' && !isBytes(chunk))
      throw new TypeError('a piece of the body is neither text nor bytes')
    length += lengthOf(chunk)
    if (length > longestBytes) throw tooLong()
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : copyOf(chunk))
  }
  return Buffer.concat(chunks)
}

function isBytes(value: unknown): value is ArrayBufferView | ArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
}

interface BlobLike {
  readonly name?: string
  readonly type?: string
  readonly size: number
  arrayBuffer(): Promise<ArrayBuffer>
}

function isBlob(value: unknown): value is BlobLike {
  return typeof value === 'object' && value !== null && 'arrayBuffer' in value
}

function isForm(value: unknown): value is Iterable<readonly [string, unknown]> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object FormData]'
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}
