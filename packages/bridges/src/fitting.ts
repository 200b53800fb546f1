import type { Kept } from './entry.js'

/** No entry is longer: it is read and written as a whole. */
const MAX_ENTRY_BYTES = 1_048_576

/** As many of `kept`, in their order, as one key may hold; the first one always. */
export function fitting(kept: readonly Kept[], maxBytes: number): readonly Kept[] {
  let entryBytes = 0
  let allBytes = 0
  const at = kept.findIndex((one, n) => {
    const length = Buffer.byteLength(JSON.stringify(one))
    entryBytes += length
    allBytes += length + one.response.bodyBytes
    return n > 0 && (entryBytes > MAX_ENTRY_BYTES || allBytes > maxBytes)
  })
  return at < 0 ? kept : kept.slice(0, at)
}
