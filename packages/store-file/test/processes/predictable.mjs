// Random values, and a process id, that are the same each time, so that a tracer can be told the names of files that are yet to be made.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

let drawn = 0

/** From now on the values are those of a new process, or of one that has drawn some already. */
globalThis.startOver = (from = 0) => {
  drawn = from
}
globalThis.drawn = () => drawn

function fill(bytes) {
  drawn++
  // To the end: what stayed as it was could be the same twice.
  for (let at = 0; at < bytes.length; at += 64) {
    crypto.createHash('sha512').update(`${drawn} ${at}`).digest().copy(bytes, at)
  }
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
// One that is always running.
Object.defineProperty(process, 'pid', { value: 1 })
syncBuiltinESMExports()
