// Content that tells what it is: whoever knows the id of a response knows its bytes, and so can tell a whole one.
import { createCipheriv } from 'node:crypto'

const lengths = [0, 100, 3_000, 70_000, 300_000]
/** An id that begins like this, as no random one does, has content that is read in several pieces. */
const longId = 'ffffffff'
const longBytes = 2_500_000
const zeros = Buffer.alloc(longBytes)

/** The bytes of the response with this `id`, 128 bits in hex. */
export function contentOf(id) {
  const key = Buffer.from(id, 'hex')
  const length = id.startsWith(longId) ? longBytes : lengths[key[0] % lengths.length]
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(zeros.subarray(0, length))
}

/** A response as core would have it stored, with content of its own. */
export function responseOf(key, slot, id, requestTime) {
  return {
    formatVersion: 1,
    key,
    slot,
    id,
    method: 'GET',
    status: 200,
    statusText: 'OK',
    fields: [['X-Id', id]],
    selecting: [],
    requestTime,
    responseTime: requestTime,
    dropAt: requestTime + 3_600_000,
    bodyBytes: contentOf(id).byteLength,
    marks: {}
  }
}

/** The content in pieces, as it comes from a network. */
export function* inPieces(bytes) {
  for (let at = 0; at < bytes.byteLength; at += 16_384) yield bytes.subarray(at, at + 16_384)
}

export async function collected(body) {
  const pieces = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
