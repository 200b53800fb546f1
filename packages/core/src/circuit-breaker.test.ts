import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { CircuitBreaker } from './circuit-breaker.js'

let now = 0

beforeEach(() => {
  now = 1_000_000
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  jest.restoreAllMocks()
})

/** A breaker that has seen five failures in a row. */
function opened(): CircuitBreaker {
  const breaker = new CircuitBreaker()
  for (let i = 0; i < 5; i++) {
    expect(breaker.letsThrough()).toBe(true)
    breaker.failed()
  }
  return breaker
}

describe('ROB-02: a circuit breaker', () => {
  it('lets everything through until five failures have come in a row', () => {
    const breaker = new CircuitBreaker()
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 4; j++) breaker.failed()
      expect(breaker.letsThrough()).toBe(true)
      breaker.succeeded()
    }
    expect(opened().letsThrough()).toBe(false)
  })

  it('lets one through after a second, and all after that one succeeded', () => {
    const breaker = opened()
    now += 999
    expect(breaker.letsThrough()).toBe(false)
    now += 1
    expect([breaker.letsThrough(), breaker.letsThrough(), breaker.letsThrough()]).toEqual([true, false, false])
    breaker.succeeded()
    expect([breaker.letsThrough(), breaker.letsThrough()]).toEqual([true, true])
  })

  it('rests twice as long after each trial that failed, but no longer than half a minute', () => {
    const breaker = opened()
    for (const restMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      now += restMs - 1
      expect(breaker.letsThrough()).toBe(false)
      now += 1
      expect(breaker.letsThrough()).toBe(true)
      breaker.failed()
    }
  })

  it('begins with a second again once it was well', () => {
    const breaker = opened()
    now += 1_000
    breaker.letsThrough()
    breaker.failed()
    now += 2_000
    breaker.letsThrough()
    breaker.succeeded()
    for (let i = 0; i < 5; i++) breaker.failed()
    now += 1_000
    expect(breaker.letsThrough()).toBe(true)
  })

  it('does not rest longer for failures of what began before it rested', () => {
    const breaker = opened()
    for (let i = 0; i < 100; i++) breaker.failed()
    now += 1_000
    expect(breaker.letsThrough()).toBe(true)
  })

  it('lets the next one try where a trial came to nothing', () => {
    const breaker = opened()
    now += 1_000
    breaker.letsThrough()
    breaker.undecided()
    expect([breaker.letsThrough(), breaker.letsThrough()]).toEqual([true, false])
  })
})
