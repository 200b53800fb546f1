import { describe, expect, it } from '@jest/globals'
import { CircuitBreaker } from './circuit-breaker.js'

const longestTrialMs = 10_000

class TestBreaker extends CircuitBreaker {
  readonly #time: { now: number }

  constructor(time = { now: 1_000_000 }) {
    super(() => time.now)
    this.#time = time
  }

  after(ms: number): this {
    this.#time.now += ms
    return this
  }

  lets(): boolean {
    return this.begin() !== 0
  }

  fail(): void {
    this.failed(this.begin())
  }
}

/** A breaker that has seen five failures in a row. */
function opened(): TestBreaker {
  const breaker = new TestBreaker()
  for (let i = 0; i < 5; i++) {
    expect(breaker.isOpen).toBe(false)
    breaker.fail()
  }
  return breaker
}

describe('a circuit breaker (ROB-02)', () => {
  it('lets everything through until five failures have come in a row', () => {
    const breaker = new TestBreaker()
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 4; j++) breaker.fail()
      expect([breaker.lets(), breaker.isOpen, breaker.waitMs]).toEqual([true, false, 0])
      breaker.succeeded()
    }
    expect([opened().lets(), opened().isOpen, opened().waitMs]).toEqual([false, true, 1_000])
  })

  it('lets one through after a second, and all after that one succeeded', () => {
    const breaker = opened()
    expect(breaker.after(999).lets()).toBe(false)
    expect([breaker.after(1).lets(), breaker.lets(), breaker.lets()]).toEqual([true, false, false])
    breaker.succeeded()
    expect([breaker.lets(), breaker.lets(), breaker.isOpen]).toEqual([true, true, false])
  })

  it('rests twice as long after each trial that failed, but no longer than half a minute', () => {
    const breaker = opened()
    for (const restMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(breaker.after(restMs - 1).lets()).toBe(false)
      breaker.after(1).fail()
      expect(breaker.lets()).toBe(false)
    }
  })

  it('begins with a second again once it was well', () => {
    const breaker = opened()
    breaker.after(1_000).fail()
    expect(breaker.after(2_000).lets()).toBe(true)
    breaker.succeeded()
    for (let i = 0; i < 5; i++) breaker.fail()
    expect(breaker.after(999).lets()).toBe(false)
    expect(breaker.after(1).lets()).toBe(true)
  })

  it('does not rest longer for failures of what began before it rested', () => {
    const breaker = new TestBreaker()
    const begun = Array.from({ length: 100 }, () => breaker.begin())
    for (const one of begun) breaker.failed(one)
    expect(breaker.after(1_000).waitMs).toBe(0)
    const trial = breaker.begin()
    for (const one of begun) breaker.failed(one)
    expect(breaker.lets()).toBe(false)
    breaker.failed(trial)
    expect(breaker.waitMs).toBe(2_000)
  })

  it('takes what began before it rested and succeeds for a sign that the store works', () => {
    const breaker = opened()
    breaker.succeeded()
    expect([breaker.lets(), breaker.lets()]).toEqual([true, true])
  })

  it('does not count failures of what began before it was well again', () => {
    const breaker = new TestBreaker()
    const begun = Array.from({ length: 100 }, () => breaker.begin())
    for (const one of begun.slice(0, 5)) breaker.failed(one)
    expect(breaker.after(1_000).lets()).toBe(true)
    breaker.succeeded()
    for (const one of begun.slice(5)) breaker.failed(one)
    expect(breaker.isOpen).toBe(false)
  })

  it('lets the next one try where a trial came to nothing', () => {
    const breaker = opened().after(1_000)
    breaker.undecided(breaker.begin())
    expect([breaker.lets(), breaker.lets()]).toEqual([true, false])
  })

  it('lets another try where a trial never ends, and then does not hear of the first', () => {
    const breaker = opened().after(1_000)
    const stuck = breaker.begin()
    expect(breaker.after(longestTrialMs - 1).lets()).toBe(false)
    const second = breaker.after(1).begin()
    expect(second).not.toBe(0)
    breaker.failed(stuck)
    breaker.undecided(stuck)
    expect(breaker.lets()).toBe(false)
    breaker.failed(second)
    expect(breaker.waitMs).toBe(2_000)
  })
})
