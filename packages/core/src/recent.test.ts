import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from '@jest/globals'
import { transformFileSync } from '@swc/core'
import { Recent } from './recent.js'

const keys = Array.from({ length: 100 }, (_, n) => ({ n }))
const key = (n: number) => keys[n] as { n: number }

describe('Recent', () => {
  it('remembers no more than twice its limit, and what was used last', () => {
    const recent = new Recent<object, number>(10, () => 1)
    for (let n = 0; n < 100; n++) recent.set(key(n), n)
    const remembered = keys.filter((key) => recent.get(key) !== undefined).map(({ n }) => n)
    expect(remembered.length).toBeLessThanOrEqual(20)
    expect(remembered).toEqual(expect.arrayContaining([90, 99]))
    expect(remembered).not.toContain(79)
  })

  it('keeps what is used again and again, however much else comes and goes', () => {
    const recent = new Recent<object, number>(10, () => 1)
    recent.set(key(0), 7)
    for (let n = 1; n < 100; n++) {
      recent.set(key(n), n)
      expect(recent.get(key(0))).toBe(7)
    }
    expect(recent.get(key(1))).toBeUndefined()
  })

  it('counts what values take', () => {
    const recent = new Recent<object, number>(10, (value) => value)
    recent.set(key(0), 6)
    recent.set(key(1), 6)
    recent.set(key(2), 6)
    expect([0, 1, 2].map((n) => recent.get(key(n)))).toEqual([undefined, 6, 6])
  })

  it('counts what they come to take later', () => {
    const recent = new Recent<object, number>(10, (value) => value)
    recent.set(key(0), 1)
    recent.grew(10)
    recent.grew(10)
    recent.set(key(1), 1)
    expect([0, 1].map((n) => recent.get(key(n)))).toEqual([undefined, 1])
  })

  it('lets go of what belongs to objects that are gone', async () => {
    const { code } = transformFileSync(join(__dirname, 'recent.ts'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' }
    })
    // In a heap of its own, where collecting takes no time: that of the tests is large.
    const worker = new Worker(`${code};(${letsGo.toString()})(exports.Recent)`, { eval: true })
    expect(await once(worker, 'message')).toEqual(['gone'])
    await worker.terminate()
  })
})

/** Runs in a worker, and tells when what was remembered of an object that nobody else has is collected. */
async function letsGo(
  Recent: new (maxBytes: number, bytesOf: () => number) => { set(key: object, value: object): void }
) {
  require('node:v8').setFlagsFromString('--expose-gc')
  const gc: () => void = require('node:vm').runInNewContext('gc')
  const recent = new Recent(10, () => 1)
  let isGone = false
  const registry = new FinalizationRegistry(() => {
    isGone = true
  })
  const add = () => {
    const value = {}
    registry.register(value, undefined)
    recent.set({}, value)
  }
  add()
  for (let rounds = 0; !isGone && rounds < 100; rounds++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  require('node:worker_threads').parentPort.postMessage(isGone ? 'gone' : typeof recent)
}
