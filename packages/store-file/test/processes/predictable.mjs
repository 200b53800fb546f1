// Random values that are the same each time, so that a tracer can be told the names of files that are yet to be made.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

let drawn = 0

/** From now on the values are those of a new process. */
globalThis.startOver = () => {
  drawn = 0
}

function fill(bytes) {
  drawn++
  crypto.createHash('sha512').update(`${drawn}`).digest().copy(bytes)
  return bytes
}

crypto.randomBytes = (size) => fill(Buffer.alloc(size))
crypto.randomFillSync = (bytes) => fill(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) && bytes
crypto.randomUUID = () =>
  fill(Buffer.alloc(16))
    .toString('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
crypto.webcrypto.getRandomValues = crypto.randomFillSync
crypto.webcrypto.randomUUID = crypto.randomUUID
syncBuiltinESMExports()
