import { describe, expect, it } from '@jest/globals'
import { CheckedBodies } from './checked-bodies.js'
import type { StoredResponse } from './rules/messages.js'

const stored = () => ({}) as StoredResponse
const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251)
const addTwice = (bodies: CheckedBodies, body: Uint8Array, stored: StoredResponse) => {
  bodies.addNew(body, stored)
  bodies.addNew(body, stored)
}

describe('CheckedBodies', () => {
  it('knows the bytes of a new body by those it has seen twice, of the same response', () => {
    const bodies = new CheckedBodies()
    const [one, other] = [stored(), stored()]
    for (let n = 0; n < 2; n++) {
      expect(bodies.has(bytes(1000), one)).toBe(false)
      bodies.addNew(bytes(1000), one)
    }
    expect(bodies.has(bytes(1000), one)).toBe(true)
    expect(bodies.has(bytes(1000), other)).toBe(false)
  })

  it('tells bodies apart that differ in length or in any one byte (row D3)', () => {
    const bodies = new CheckedBodies()
    const one = stored()
    addTwice(bodies, bytes(1000), one)
    for (let at = 0; at < 1000; at++) {
      const changed = bytes(1000)
      changed[at] = (changed[at] as number) ^ 1
      expect(bodies.has(changed, one)).toBe(false)
    }
    expect(bodies.has(bytes(999), one)).toBe(false)
    expect(bodies.has(bytes(1001), one)).toBe(false)
    expect(bodies.has(new Uint8Array(0), one)).toBe(false)
  })

  it('keeps a copy of its own: who writes into a body changes nothing (row M2)', () => {
    const bodies = new CheckedBodies()
    const one = stored()
    const body = bytes(1000)
    addTwice(bodies, body, one)
    body.fill(0)
    expect(bodies.has(body, one)).toBe(false)
    expect(bodies.has(bytes(1000), one)).toBe(true)
  })

  it('keeps no copies of long bodies, and of others no more than 16 MiB', () => {
    const bodies = new CheckedBodies()
    const long = stored()
    addTwice(bodies, bytes(262_145), long)
    expect(bodies.has(bytes(262_145), long)).toBe(false)
    const body = bytes(262_144)
    const hot = stored()
    addTwice(bodies, body, hot)
    const others = Array.from({ length: 200 }, stored)
    for (const one of others) {
      addTwice(bodies, body, one)
      expect(bodies.has(body, hot)).toBe(true)
    }
    expect(others.filter((one) => bodies.has(body, one)).length).toBeLessThanOrEqual(64)
  })

  it('copies nothing where more bodies take turns than there is room for', () => {
    const bodies = new CheckedBodies()
    const body = bytes(262_144)
    const all = Array.from({ length: 65 }, stored)
    for (let round = 0; round < 3; round++) {
      for (const one of all) {
        expect(bodies.has(body, one)).toBe(false)
        bodies.addNew(body, one)
      }
    }
  })

  it('knows a body that is handed out again by itself, be it cut meanwhile', () => {
    const bodies = new CheckedBodies()
    const [one, other] = [stored(), stored()]
    const body = bytes(1000)
    bodies.addRepeated(body, one)
    expect(bodies.has(body, one)).toBe(true)
    expect(bodies.has(body, other)).toBe(false)
    expect(bodies.has(bytes(1000), one)).toBe(false)
    structuredClone(body.buffer, { transfer: [body.buffer] })
    expect(bodies.has(body, one)).toBe(true)
  })
})
