// What the origin has under each path: client and origin work it out alike, so that every byte can be checked.
import { randomFrom } from './random.mjs'

const KIB = 1024
const random = randomFrom(1)
/** A prime number of bytes: shifted or mixed pieces never look alike. */
const noise = Buffer.from(Uint8Array.from({ length: 1_048_573 }, () => random() * 256))

/** Kinds of resources: how many, how long their bodies are, what their responses say. */
export const kinds = {
  fresh: { count: 600, bytes: (n) => 100 + n * 10, fields: { 'Cache-Control': 'max-age=600' } },
  short: { count: 300, bytes: (n) => n * 50, fields: { 'Cache-Control': 'max-age=5' } },
  swr: { count: 100, bytes: (n) => n * 100, fields: { 'Cache-Control': 'max-age=5, stale-while-revalidate=600' } },
  error: { count: 50, bytes: (n) => n * 100, fields: { 'Cache-Control': 'max-age=5, stale-if-error=600' } },
  vary: { count: 10, bytes: (n) => 500 + n, fields: { 'Cache-Control': 'max-age=600', Vary: 'Accept-Language' } },
  'no-store': { count: 50, bytes: (n) => n * 100, fields: { 'Cache-Control': 'no-store' } },
  silent: { count: 50, bytes: (n) => n * 100, fields: {} },
  absent: { count: 50, bytes: (n) => n, fields: { 'Cache-Control': 'max-age=60' }, status: 404 },
  big: { count: 8, bytes: (n) => (80 + n * 400) * KIB + n, fields: { 'Cache-Control': 'max-age=60' } },
  'too-big': { count: 2, bytes: (n) => 5_300 * KIB + n, fields: { 'Cache-Control': 'max-age=60' } }
}

export function kindOf(path) {
  const [, name, n] = path.split('/')
  return { name, n: Number(n), ...kinds[name] }
}

/** Where in the noise a body begins, and the line that says whose it is. */
function startOf(path, version, variant) {
  const line = Buffer.from(`${path} ${version} ${variant}\n`)
  let at = version
  for (const byte of line) at = (at * 31 + byte) % noise.byteLength
  return { line, at }
}

export function bodyOf(path, version, variant) {
  const { n, bytes } = kindOf(path)
  const { line, at } = startOf(path, version, variant)
  const body = Buffer.alloc(line.byteLength + bytes(n))
  line.copy(body)
  let from = at
  for (let to = line.byteLength; to < body.byteLength; from = 0) to += noise.copy(body, to, from)
  return body
}

/** Whether `bytes` are the body, or its beginning, as `isWhole` says. */
export function isBodyOf(bytes, isWhole, path, version, variant) {
  const body = bodyOf(path, version, variant)
  return isWhole ? body.equals(bytes) : body.subarray(0, bytes.byteLength).equals(bytes)
}
