import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Budget, TimeLimitError, withinLimit } from '../src/budget.js'
import { never } from './faulty-store.js'

const after = (ms: number, value: string) => new Promise<string>((resolve) => setTimeout(() => resolve(value), ms))

describe('ROB-02: the time a request may wait for its store', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('is one for all its waits, and what passes in between does not count', async () => {
    const budget = new Budget(100)
    const first = budget.wait(after(60, 'in time'))
    await jest.advanceTimersByTimeAsync(60)
    expect(await first).toBe('in time')
    await jest.advanceTimersByTimeAsync(5_000)
    let error: unknown
    const second = budget.wait(never()).catch((caught) => {
      error = caught
    })
    await jest.advanceTimersByTimeAsync(39)
    expect(error).toBeUndefined()
    await jest.advanceTimersByTimeAsync(1)
    await second
    expect(error).toBeInstanceOf(TimeLimitError)
    const third = expect(budget.wait(never())).rejects.toMatchObject({ code: 'CC_STORE_TIMEOUT' })
    await jest.advanceTimersByTimeAsync(0)
    await third
  })

  it('leaves an answer that is there to those who come without any left', async () => {
    const budget = new Budget(10)
    const spent = expect(budget.wait(never())).rejects.toBeInstanceOf(TimeLimitError)
    await jest.advanceTimersByTimeAsync(10)
    await spent
    expect(await budget.wait(Promise.resolve('at once'))).toBe('at once')
  })

  it('gives what comes too late to whoever is to release it, and never fails twice', async () => {
    const late: string[] = []
    const spent = expect(new Budget(10).wait(after(20, 'late'), (value) => late.push(value))).rejects.toBeInstanceOf(
      TimeLimitError
    )
    await jest.advanceTimersByTimeAsync(10)
    await spent
    expect(late).toEqual([])
    await jest.advanceTimersByTimeAsync(10)
    expect(late).toEqual(['late'])
  })

  it('passes in steps, of which what moves starts all but one again', async () => {
    let moves = false
    let error: unknown
    withinLimit(never(), 100, { moves: () => moves, steps: 5 }).catch((caught) => {
      error = caught
    })
    await jest.advanceTimersByTimeAsync(79)
    moves = true
    await jest.advanceTimersByTimeAsync(1)
    moves = false
    await jest.advanceTimersByTimeAsync(79)
    expect(error).toBeUndefined()
    await jest.advanceTimersByTimeAsync(1)
    expect(error).toMatchObject({ limitMs: 100 })
  })
})
