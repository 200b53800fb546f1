import { randomFillSync } from 'node:crypto'

const random = Buffer.allocUnsafeSlow(4096)
let used = random.length

/** 128 random bits in lowercase hex: unique in every process, thread and copy of this package. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  used += 16
  return random.toString('hex', used - 16, used)
}
