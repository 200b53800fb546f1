import { describe, expect, it } from '@jest/globals'
import { reliabilityPage, rowsIn } from './check-reliability.mjs'

const matrix = {
  groups: { B: 'Bodies', X: 'Input' },
  rows: { B1: 'it ends', B2: 'it does not', X1: 'it is read' },
  planned: ['X1']
}
const tests = new Map([['a.test.ts', "describe('a (rows B1, B2)', () => { it('b (row B2)', () => {}) })"]])

describe('reliabilityPage', () => {
  it('maps a row to what holds and to its tests', () => {
    const { text, faults } = reliabilityPage({ matrix, tests })
    expect(faults).toEqual([])
    expect(text).toContain('| B2 | it does not | [a.test.ts](../a.test.ts) |')
    expect(text).toContain('| X1 | it is read | planned |')
  })

  it('finds a row without a test, and one that there is not', () => {
    const others = new Map([['b.test.ts', "it('c (row B1)(row B9)', () => {})"]])
    const { faults } = reliabilityPage({ matrix, tests: others })
    expect(faults).toEqual(['b.test.ts: there is no row B9', 'row B2 (it does not): no test carries it'])
  })
})

describe('rowsIn', () => {
  it('reads one row or several, and no other words', () => {
    expect(rowsIn('a (row P1)')).toEqual(['P1'])
    expect(rowsIn('a (SEC-05, row X10)')).toEqual(['X10'])
    expect(rowsIn('a (rows B1, B10) (ROB-02) (row M2)')).toEqual(['B1', 'B10', 'M2'])
    expect(rowsIn('a row B1, (throw B2), (row b3)')).toEqual([])
  })
})
