import { hash } from 'node:crypto'
import type { Mark } from '@cc/core'
import { seal, unseal } from './sealed.js'

/** @throws RangeError for a key that is too long */
export function writeMarkFile(key: string, { value, at, dropAt }: Mark): Buffer {
  const sealed = seal({ key, mark: { value, at, dropAt } })
  if (sealed === undefined) throw new RangeError('the key is too long for a mark')
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
  return { value: hash('sha256', bytes).slice(0, 32), at: modified, dropAt: Number.MAX_SAFE_INTEGER }
}

function isMarkOf(key: string, metadata: unknown): metadata is { mark: Mark } {
  if (typeof metadata !== 'object' || metadata === null) return false
  const { key: markedKey, mark } = metadata as { key?: unknown; mark?: Partial<Record<keyof Mark, unknown>> | null }
  return (
    markedKey === key &&
    typeof mark === 'object' &&
    mark !== null &&
    typeof mark.value === 'string' &&
    typeof mark.at === 'number' &&
    typeof mark.dropAt === 'number'
  )
}
