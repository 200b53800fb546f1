import { describe, expect, it } from '@jest/globals'
import { classify, type SuiteTest } from './classify.js'
import { faultOf, passedShare, summary } from './judge.js'

const test = (id: string, rest: Partial<SuiteTest> = {}): SuiteTest => ({
  group: 'group',
  id,
  name: `the test ${id}`,
  kind: 'required',
  dependsOn: [],
  modes: ['shared'],
  ...rest
})
const difference = { ids: ['a'], modes: ['shared'], requirements: ['X-01'], why: 'Because.' } as const
const resultOf = (tests: SuiteTest[], raw: Parameters<typeof classify>[1], id: string) =>
  classify(tests, raw).get(id)?.result

describe('classify', () => {
  it('tells an assertion of the test from one of its set-up', () => {
    expect(resultOf([test('a')], { a: true }, 'a')).toBe('passed')
    expect(resultOf([test('a')], { a: ['Assertion', 'no'] }, 'a')).toBe('failed')
    expect(resultOf([test('a')], { a: ['TypeError', 'fetch failed'] }, 'a')).toBe('failed')
    expect(resultOf([test('a')], { a: ['Setup', 'retry'] }, 'a')).toBe('untested')
  })

  it('takes a test that never ran as untested', () => {
    expect(resultOf([test('a')], {}, 'a')).toBe('untested')
  })

  it('does not count a pass whose dependency, near or far, did not pass', () => {
    const tests = [test('c', { dependsOn: ['b'] }), test('b', { dependsOn: ['a'] }), test('a')]
    expect(resultOf(tests, { a: ['Assertion', 'no'], b: true, c: true }, 'c')).toBe('untested')
    expect(resultOf(tests, { a: true, b: true, c: true }, 'c')).toBe('passed')
  })
})

describe('faultOf', () => {
  const passed = { result: 'passed', why: '' } as const
  const failed = { result: 'failed', why: 'Assertion: no' } as const
  const untested = { result: 'untested', why: 'depends on b' } as const

  it('wants a required test to pass', () => {
    expect(faultOf(test('a'), passed)).toBeUndefined()
    expect(faultOf(test('a'), failed)).toContain('Assertion: no')
    expect(faultOf(test('a'), untested)).toContain('depends on b')
    expect(faultOf(test('a'), undefined)).toContain('no outcome')
  })

  it('wants a listed difference to differ, whatever its kind', () => {
    expect(faultOf(test('a'), failed, difference)).toBeUndefined()
    expect(faultOf(test('a'), untested, difference)).toBeUndefined()
    expect(faultOf(test('a'), passed, difference)).toContain('X-01')
    expect(faultOf(test('a', { kind: 'optimal' }), passed, difference)).toContain('X-01')
  })

  it('wants an optimal test to pass, and leaves checks alone', () => {
    expect(faultOf(test('a', { kind: 'optimal' }), failed)).toBeDefined()
    expect(faultOf(test('a', { kind: 'check' }), failed)).toBeUndefined()
  })
})

describe('passedShare', () => {
  it('counts what passed of one kind, and what is untested as not passed', () => {
    const optimal = ['a', 'b', 'c', 'd'].map((id) => test(id, { kind: 'optimal' }))
    const tests = [...optimal, test('e')]
    const outcomes = classify(tests, { a: true, b: true, c: ['Assertion', 'no'], d: ['Setup', 'no'], e: true })
    expect(passedShare('optimal', tests, outcomes)).toBe(0.5)
  })
})

describe('summary', () => {
  it('counts by kind and names what could be better', () => {
    const tests = [
      test('a'),
      test('b', { kind: 'optimal' }),
      test('c', { kind: 'optimal' }),
      test('d', { kind: 'check' })
    ]
    const outcomes = classify(tests, { a: true, b: ['Assertion', 'no'], c: ['Assertion', 'no'], d: true })
    const text = summary('shared', tests, outcomes, new Map([['c', difference]]))
    expect(text).toContain('required: 1 passed, 0 failed, 0 untested; optimal: 0 passed, 2 failed, 0 untested')
    expect(text).toContain('check: 1 passed')
    expect(text).toContain('  b: Assertion: no')
    expect(text).not.toContain('  c:')
  })
})
