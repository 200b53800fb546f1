export { sampleResponse as response } from '@cc/core/testing'

/** The `n`-th of any number of different ids or slots. */
export function hex(n: number): string {
  return n.toString(16).padStart(32, '0')
}

/** A prime number of bytes that look random. */
const NOISE = Buffer.alloc(65_521)
let state = 1
for (let at = 0; at < NOISE.length; at++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
  NOISE[at] = state >>> 24
}

/** `length` bytes of which no chunk is like another, and that differ from those of another seed. */
export function bytes(length: number, seed = 1): Buffer {
  const start = (seed * 7_919) % NOISE.length
  const all = Buffer.alloc(start + length, NOISE)
  return all.subarray(start)
}
