import { hash } from 'node:crypto'

// cc-store-file 1 <SHA-256 of the metadata> <bytes of the metadata, eight digits>\n
const magic = 'cc-store-file 1 '
const digestBytes = 64
const lengthDigits = 8
const digestEnd = magic.length + digestBytes
const headerBytes = digestEnd + 1 + lengthDigits + 1
const lengthPattern = /^ \d{8}\n$/

/** Longer metadata is neither written nor read. */
export const maxMetadataBytes = 196_608
/** No file of metadata is longer, with what lies behind the metadata. */
export const maxSealedBytes = headerBytes + maxMetadataBytes + 65_536

export interface Unsealed {
  readonly metadata: unknown
  /** What lies behind the metadata. */
  readonly rest: Buffer
}

/** Metadata behind a header that tells whether they are whole; `undefined` if they are too long. */
export function seal(metadata: unknown): Buffer | undefined {
  const json = Buffer.from(`${JSON.stringify(metadata)}\n`)
  if (json.byteLength > maxMetadataBytes) return undefined
  const length = String(json.byteLength).padStart(lengthDigits, '0')
  return Buffer.concat([Buffer.from(`${magic}${hash('sha256', json)} ${length}\n`), json])
}

/** `undefined` for what is damaged, torn, foreign or of another version. */
export function unseal(bytes: Buffer): Unsealed | undefined {
  if (bytes.byteLength < headerBytes || bytes.toString('latin1', 0, magic.length) !== magic) return undefined
  const length = bytes.toString('latin1', digestEnd, headerBytes)
  if (!lengthPattern.test(length)) return undefined
  const end = headerBytes + Number(length)
  if (end > bytes.byteLength) return undefined
  if (hash('sha256', bytes.subarray(headerBytes, end)) !== bytes.toString('latin1', magic.length, digestEnd))
    return undefined
  try {
    return { metadata: JSON.parse(bytes.toString('utf8', headerBytes, end)), rest: bytes.subarray(end) }
  } catch {
    return undefined
  }
}
