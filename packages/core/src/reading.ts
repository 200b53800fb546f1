import type { StoredResponse } from './rules/messages.js'
import { digestPieceBytes } from './rules/stored-response.js'
import type { ByteRange } from './store.js'

/** What is read of a stored body to have some bytes of it, or all. */
export interface Reading {
  /** What the store is asked for; unset for all of it. */
  readonly range: ByteRange | undefined
  /** How many bytes that are. */
  readonly bytes: number
  /** The digests of its pieces, where they are to be checked. */
  readonly digests: readonly string[] | undefined
  /** How many bytes at its beginning are not wanted, and how many of the following are. */
  readonly skippedBytes: number
  readonly wantedBytes: number
}

/** All of a stored body. */
export function readingOfAll(
  { bodyBytes, digests }: Pick<StoredResponse, 'bodyBytes' | 'digests'>,
  verifiesDigests: boolean
): Reading {
  const checked = verifiesDigests ? digests : undefined
  return { range: undefined, bytes: bodyBytes, digests: checked, skippedBytes: 0, wantedBytes: bodyBytes }
}

/** No more than the bytes of `range`, or, where digests are to be checked, than the pieces that they lie in. */
export function readingOfRange(stored: StoredResponse, verifiesDigests: boolean, { first, last }: ByteRange): Reading {
  const { bodyBytes, digests } = stored
  const wantedBytes = last - first + 1
  if (!verifiesDigests || digests === undefined) {
    return { range: { first, last }, bytes: wantedBytes, digests: undefined, skippedBytes: 0, wantedBytes }
  }
  const firstPiece = Math.floor(first / digestPieceBytes)
  const endPiece = Math.floor(last / digestPieceBytes) + 1
  const from = firstPiece * digestPieceBytes
  const end = Math.min(endPiece * digestPieceBytes, bodyBytes)
  return {
    range: { first: from, last: end - 1 },
    bytes: end - from,
    digests: digests.slice(firstPiece, endPiece),
    skippedBytes: first - from,
    wantedBytes
  }
}
