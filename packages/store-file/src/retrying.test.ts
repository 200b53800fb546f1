import { describe, expect, it } from '@jest/globals'
import { retrying } from './retrying.js'
import { run } from './steps.js'

/** Something that fails with these codes, one after another, and then works. */
function failing(codes: readonly string[], isAsync: boolean) {
  const done: string[] = []
  const attempt = () => {
    const code = codes[done.length] ?? 'ok'
    done.push(code)
    if (code === 'ok') return isAsync ? Promise.resolve() : undefined
    const error = Object.assign(new Error(code), { code })
    if (isAsync) return Promise.reject(error)
    throw error
  }
  return { attempt, done }
}

describe('retrying', () => {
  it.each([true, false])('tries again what is busy, for a while (asynchronous: %p)', async (isAsync) => {
    const { attempt, done } = failing(['EPERM', 'EBUSY', 'EACCES'], isAsync)
    await run(retrying(attempt))
    expect(done).toEqual(['EPERM', 'EBUSY', 'EACCES', 'ok'])
  })

  it.each([true, false])('gives up in the end (asynchronous: %p)', async (isAsync) => {
    const { attempt, done } = failing(Array(9).fill('EBUSY'), isAsync)
    await expect(async () => run(retrying(attempt))).rejects.toThrow('EBUSY')
    expect(done).toHaveLength(4)
  })

  it.each([true, false])('does not try again what failed for another reason (asynchronous: %p)', async (isAsync) => {
    const { attempt, done } = failing(['ENOSPC'], isAsync)
    await expect(async () => run(retrying(attempt))).rejects.toThrow('ENOSPC')
    expect(done).toEqual(['ENOSPC'])
  })

  it('answers without a promise if it works at once', () => {
    expect(run(retrying(() => {}))).toBeUndefined()
  })
})
