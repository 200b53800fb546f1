import type { StoredResponse } from '@cc/core'
import { hashOf, isNameable } from './layout.js'
import { seal, unseal } from './sealed.js'

/** A response as it lies in the file of its key. */
export interface KeptResponse {
  readonly response: StoredResponse
  /** The body, if it lies in the same file; otherwise it has a file of its own. */
  readonly body: Uint8Array | undefined
}

/** Bodies lie beside the metadata while they stay within that together, newest response first. */
export const besideBytes = 65_536

/**
 * Metadata of all responses under a key, and behind them the bodies that lie in the same file, in the order of the
 * responses. `undefined` if the metadata are too long.
 */
export function writeKeyFile(key: string, kept: readonly KeptResponse[]): Buffer | undefined {
  const responses = kept.map(({ response, body }) => ({ beside: body !== undefined, response }))
  const sealed = seal({ key, responses })
  return sealed && Buffer.concat([sealed, ...kept.flatMap(({ body }) => body ?? [])])
}

/** Newest first. `undefined` for what is damaged, foreign, of another version or of another key. */
export function readKeyFile(bytes: Buffer, key: string): KeptResponse[] | undefined {
  const { metadata, rest } = unseal(bytes) ?? {}
  if (rest === undefined || !isObject(metadata) || metadata.key !== key || !Array.isArray(metadata.responses)) {
    return undefined
  }
  const kept: KeptResponse[] = []
  let at = 0
  for (const one of metadata.responses) {
    if (!isObject(one) || typeof one.beside !== 'boolean' || !isUsable(one.response)) return undefined
    const { response, beside } = one
    const end = at + (beside ? response.bodyBytes : 0)
    if (end > rest.byteLength) return undefined
    kept.push({ response, body: beside ? rest.subarray(at, end) : undefined })
    at = end
  }
  return at === rest.byteLength ? kept : undefined
}

/** The key that a file says it is of, whatever else it holds. */
export function keyOf(bytes: Buffer): string | undefined {
  const { metadata } = unseal(bytes) ?? {}
  return isObject(metadata) && typeof metadata.key === 'string' ? metadata.key : undefined
}

/** The key that responses are kept under in a file of this name. */
export function keptKeyOf(bytes: Buffer, hash: string): string | undefined {
  const key = keyOf(bytes)
  return key !== undefined && hashOf(key) === hash && readKeyFile(bytes, key)?.length ? key : undefined
}

/** Whether all that the store itself reads of a response is there; all else is looked at where it is used. */
function isUsable(value: unknown): value is StoredResponse {
  if (!isObject(value)) return false
  const { slot, id, bodyBytes, requestTime, responseTime, dropAt } = value
  return (
    typeof slot === 'string' &&
    typeof id === 'string' &&
    isNameable(id) &&
    Number.isSafeInteger(bodyBytes) &&
    (bodyBytes as number) >= 0 &&
    typeof requestTime === 'number' &&
    typeof responseTime === 'number' &&
    typeof dropAt === 'number'
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
