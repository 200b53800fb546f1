import { types } from 'node:util'
import { isBody } from './body.js'
import type { StoredResponse } from './rules/messages.js'
import { maxStoredLines } from './rules/stored-response.js'
import type { Body, Found, FoundResponse } from './store.js'

/** Longer lists are nothing that a cache has stored: a body that long would have a tebibyte. */
const maxMembers = 1_048_576

/**
 * A copy of what `get` answered with, whose parts are read just once: what a store hands out need not be data, and
 * reading it can throw, or give something else the next time.
 * @throws TypeError for what is no answer of `get`; what cannot be read of a mark might be an invalidation
 */
export function plainFound(found: Found): Found {
  const { responses, mark } = found
  const copy = plainList(responses, maxMembers, (response) => response)
  const plainMark = mark == null ? undefined : { ...mark }
  if (copy === undefined || (plainMark !== undefined && typeof plainMark.value !== 'string')) throw notFound()
  return { responses: copy as Found['responses'], ...(plainMark !== undefined && { mark: plainMark }) }
}

/** @throws TypeError for what is no answer of `get` */
export function checkedFound(found: Found): Found {
  const isFound = typeof found === 'object' && found !== null && Array.isArray(found.responses)
  if (isFound && (found.mark == null || typeof found.mark.value === 'string')) return found
  throw notFound()
}

/** @throws TypeError for what is no answer of `openBody` */
export function checkedBody(body: Body | undefined): Body | undefined {
  if (body === undefined || isBody(body)) return body
  throw new TypeError('openBody answered with something else than a body')
}

function notFound(): TypeError {
  return new TypeError('get answered with something else than { responses, mark }')
}

/**
 * A copy of one of the responses, of the same kind as {@link plainFound}. Its lists are lists and its body is bytes, or
 * they are `undefined`; whether it is a stored response has still to be seen.
 * @throws whatever reading it throws
 */
export function plainResponse(found: FoundResponse): { readonly response: unknown; readonly body: unknown } {
  const { response, body } = found
  const plain: { -readonly [Part in keyof StoredResponse]?: unknown } = { ...response }
  const { digests, marks, part } = plain
  plain.fields = plainList(plain.fields, maxStoredLines, plainPair)
  plain.selecting = plainList(plain.selecting, maxStoredLines, plainPair)
  if (digests !== undefined) plain.digests = plainList(digests, maxMembers, (digest) => digest)
  if (typeof part === 'object' && part !== null) plain.part = { ...part }
  plain.marks = typeof marks === 'object' && !Array.isArray(marks) ? { ...marks } : undefined
  return { response: plain, body: body === undefined || types.isUint8Array(body) ? body : null }
}

function plainPair(pair: unknown): unknown {
  return Array.isArray(pair) && pair.length === 2 ? [pair[0], pair[1]] : undefined
}

function plainList(
  value: unknown,
  maxLength: number,
  plainMember: (member: unknown) => unknown
): unknown[] | undefined {
  if (!Array.isArray(value)) return undefined
  const { length } = value
  if (!(length <= maxLength)) return undefined
  const copy: unknown[] = []
  for (let i = 0; i < length; i++) copy.push(plainMember(value[i]))
  return copy
}
