import { describe, expect, it } from '@jest/globals'
import { commentsIn, requirementsPage, testTitles } from './check-requirements.mjs'

const requirements = {
  groups: { AA: 'First', BB: 'Second' },
  required: { 'AA-01': 'one' },
  planned: { 'BB-01': 'two' },
  notRequirements: ['UTF-16']
}
const sources = new Map([['packages/core/src/a.ts', '/** AA-01: why. */\nexport const a = "BB-01"\n']])
const tests = new Map([
  ['packages/core/src/a.test.ts', "describe('a (AA-01)', () => { it('reads UTF-16', () => {}) })"]
])

describe('requirementsPage', () => {
  it('maps an id to files and tests', () => {
    const { text, faults } = requirementsPage({ requirements, sources, tests })
    expect(faults).toEqual([])
    expect(text).toContain(
      '| AA-01 | one | [core/src/a.ts](../packages/core/src/a.ts) | [core/src/a.test.ts](../packages/core/src/a.test.ts) › a (AA-01) |'
    )
    expect(text).toContain('| BB-01 | two (planned) |  |  |')
  })

  it('finds a required id without a test', () => {
    const { faults } = requirementsPage({ requirements, sources, tests: new Map() })
    expect(faults).toEqual(['AA-01 (one): no test carries this id'])
  })

  it('finds an unknown id in a test and in a comment', () => {
    const { faults } = requirementsPage({
      requirements,
      sources: new Map([['s.ts', '// see ZZ-01']]),
      tests: new Map([...tests, ['t.test.ts', "it('AA-99', () => {})"]])
    })
    expect(faults).toEqual(['s.ts: ZZ-01 is not a requirement', 't.test.ts: AA-99 is not a requirement'])
  })

  it('finds an unknown id that a decision names', () => {
    const { faults } = requirementsPage({
      requirements,
      sources: new Map([...sources, ['s.ts', "no('ZZ-02', 'why'); ['AA-01']; 'the ZZ-03 of others'"]]),
      tests
    })
    expect(faults).toEqual(['s.ts: ZZ-02 is not a requirement'])
  })
})

describe('testTitles', () => {
  it('reads groups, tests, templates and tables, and nothing else', () => {
    const text = [
      "describe('one', () => {",
      "  it.each([['two', 3]])('three %s', () => { const x = 'four' })",
      ['  test.each`a`(`five $', '{1}`, () => {})'].join(''),
      '  it.failing("six", () => {})',
      "  expect('seven')",
      '})'
    ].join('\n')
    expect(testTitles('t.test.ts', text)).toEqual(['one', 'three %s', 'two', 'five …', 'six'])
  })
})

describe('commentsIn', () => {
  it('tells a comment from a string and a regular expression', () => {
    const text = 'const a = "// AA-01" // AA-02\n/** AA-03 */ const b = /["/*]/ // AA-04\n/* AA-05 */'
    expect(commentsIn(text)).toBe('// AA-02\n/** AA-03 */\n// AA-04\n/* AA-05 */')
  })
})
