import { hash } from 'node:crypto'
import type { Mark } from '@cc/core'
import { seal, unseal } from './sealed.js'

/** Core keeps no mark for longer. */
const longestMs = 31 * 86_400_000

/** @throws RangeError for a mark that is none */
export function writeMarkFile(key: string, { value, at, dropAt }: Mark): Buffer {
  const mark = { value, at, dropAt }
  // Nothing is stored under a key that is too long, but marks of it are.
  const sealed = seal({ key, mark }) ?? seal({ mark })
  if (sealed === undefined) throw new RangeError('the mark is too long')
  return sealed
}

/**
 * What lies in the place of a mark. Something that is none may have been one, and so it counts as one that nobody has
 * ever seen: all that was stored before is invalid, and what is stored from then on is not.
 */
export function readMarkFile(bytes: Buffer, key: string, modified: number): Mark {
  const { metadata } = unseal(bytes) ?? {}
  if (isMarkOf(key, metadata)) return metadata.mark
  return unreadableMark(bytes, modified)
}

export function unreadableMark(bytes: Uint8Array, modified: number): Mark {
  return { value: hash('sha256', bytes).slice(0, 32), at: modified, dropAt: modified + longestMs }
}

/** Until when a mark is to be kept, whichever key it is of. */
export function dropAtOf(bytes: Buffer, modified: number): number {
  const { metadata } = unseal(bytes) ?? {}
  return (isMarked(metadata) ? metadata.mark : unreadableMark(bytes, modified)).dropAt
}

function isMarkOf(key: string, metadata: unknown): metadata is { mark: Mark } {
  return isMarked(metadata) && (metadata.key === key || metadata.key === undefined)
}

function isMarked(metadata: unknown): metadata is { key?: unknown; mark: Mark } {
  if (typeof metadata !== 'object' || metadata === null) return false
  const { mark } = metadata as { mark?: Partial<Record<keyof Mark, unknown>> | null }
  return (
    typeof mark === 'object' &&
    mark !== null &&
    typeof mark.value === 'string' &&
    typeof mark.at === 'number' &&
    typeof mark.dropAt === 'number'
  )
}
