import type { Found } from '@cc/core'

/** A key: its places in the maps and lists, and its names. */
const KEY_BYTES = 900
/** A response beside its metadata: its member of what is handed out, its body's view. */
const RESPONSE_BYTES = 400
const OBJECT_BYTES = 48
const SLOT_BYTES = 16
const TEXT_BYTES = 24

/** What a found key takes in memory, rather too much than too little. */
export function bytesOfFound(key: string, { responses, mark }: Found): number {
  let bytes = KEY_BYTES + 4 * key.length + plainBytes(mark)
  for (const { response, body } of responses) {
    bytes += RESPONSE_BYTES + plainBytes(response) + (body === undefined ? 0 : body.byteLength)
  }
  return bytes
}

/** What anything takes that was made from JSON, however deep it is: nobody has looked at it yet. */
function plainBytes(data: unknown): number {
  let bytes = 0
  const left: unknown[] = [data]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string') bytes += TEXT_BYTES + 2 * value.length
    else if (typeof value === 'object' && value !== null) {
      bytes += OBJECT_BYTES
      for (const name of Object.keys(value)) {
        bytes += SLOT_BYTES
        if (!Array.isArray(value)) bytes += SLOT_BYTES + 2 * name.length
        left.push((value as Record<string, unknown>)[name])
      }
    }
  }
  return bytes
}
