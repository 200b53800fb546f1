import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { readOptions } from '../packages/core/src/read-options.ts'
import { exampleFaults, optionFaults, optionsOf, rowFaults } from './check-options.mjs'
import { root, run } from './steps.mjs'

const fence = '```'
const source = `
export interface Other { readonly elsewhere?: string }
export interface Options {
  /**
   * Most things kept, in things (VARY-10).
   * @defaultValue 1_024 (a lot)
   */
  readonly most?: number
  /** Who is asked (KEY-05, RFC 9111 §7.2). Unset: nobody. */
  readonly asked?: () => string
  /** The time. @defaultValue \`Date.now\` (CLK-01) */
  readonly clock?: () => number
}
`
const options = optionsOf(source, 'Options')

const section = (name, { value = 'things', given, ids, code = `use({ ${name}: 1 })` }) =>
  [
    `### \`${name}\``,
    '',
    `- Value: ${value}`,
    `- Default: ${given}`,
    `- Requirements: ${ids}`,
    '',
    `${fence}js`,
    code,
    fence,
    ''
  ].join('\n')
const most = section('most', { given: '`1024`', ids: 'VARY-10' })
const asked = section('asked', { given: 'unset: nobody', ids: 'KEY-05' })
const clock = section('clock', { given: '`Date.now`', ids: '[CLK-01](requirements.md)' })
const faultsOf = (...sections) => optionFaults(['# Options', '## Mine', ...sections].join('\n'), 'Mine', options)

describe('optionsOf', () => {
  it('reads names, defaults and requirement ids from the doc comments of one interface', () => {
    expect(options).toEqual([
      { name: 'most', default: '1024', ids: ['VARY-10'] },
      { name: 'asked', default: 'unset', ids: ['KEY-05'] },
      { name: 'clock', default: 'Date.now', ids: ['CLK-01'] }
    ])
  })

  it('says so if there is no such interface', () => {
    expect(() => optionsOf(source, 'Missing')).toThrow('there is no interface Missing')
  })
})

describe('optionFaults', () => {
  it('accepts a page that says what the interface says', () => {
    expect(faultsOf(most, asked, clock)).toEqual([])
  })

  it.each([
    ['an option without a section', [most, asked], 'clock has 0 sections under "Mine"'],
    ['an option with two', [most, asked, clock, most], 'most has 2 sections under "Mine"'],
    [
      'another default',
      [section('most', { given: '1', ids: 'VARY-10' }), asked, clock],
      'most: its default is 1024, not 1'
    ],
    [
      'a default where there is none',
      [most, section('asked', { given: 'false', ids: 'KEY-05' }), clock],
      'asked: its default is unset, not false'
    ],
    [
      'another requirement',
      [section('most', { given: '1024', ids: 'VARY-10, VARY-07' }), asked, clock],
      'most: its requirements are VARY-10, not VARY-10, VARY-07'
    ],
    [
      'no requirement',
      [section('most', { given: '1024', ids: 'none' }), asked, clock],
      'most: its requirements are VARY-10, not none'
    ],
    ['a line that is missing', [most.replace(/^- Value.*$/m, ''), asked, clock], 'most: it has no line "- Value: …"'],
    [
      'an example that does not name it',
      [section('most', { given: '1024', ids: 'VARY-10', code: 'use({ mostly: 1 })' }), asked, clock],
      'most: no example names it'
    ],
    ['an option that is gone', [most, asked, clock, section('old', { given: '1', ids: 'none' })], '`old` is no option']
  ])('finds %s', (_, sections, fault) => {
    expect(faultsOf(...sections)).toEqual([expect.stringContaining(fault)])
  })

  it('does not take what is under another heading, or code, for sections', () => {
    expect(faultsOf(most, asked, '## Others', clock)).toEqual([expect.stringContaining('clock has 0 sections')])
    expect(faultsOf(most, asked, `${fence}md`, clock.replaceAll(fence, '~~~'), fence)).toEqual([
      expect.stringContaining('clock has 0 sections')
    ])
  })

  it('finds that the heading is missing', () => {
    expect(optionFaults('# Options', 'Mine', options)).toEqual(['docs/options.md: there is no heading "Mine"'])
  })
})

describe('rowFaults', () => {
  const table = [
    '| `most` | 1024 (a lot) | (VARY-10) |',
    '| `asked()` | nobody | (KEY-05) |',
    '| `clock` | `Date.now` | (CLK-01) |'
  ].join('\n')
  const faultsOf = (from, to) => rowFaults('README.md', table.replaceAll(from, to), options)

  it('accepts a table that says what the interface says, be it without ids', () => {
    expect(rowFaults('README.md', table, options)).toEqual([])
    expect(faultsOf(/\([A-Z]+-\d+\)/g, '')).toEqual([])
  })

  it('finds an option without a row, another default, and other ids', () => {
    expect(faultsOf('| `asked()`', 'asked')).toEqual(['README.md: asked has no row in the table of options'])
    expect(faultsOf('1024', '1025')).toEqual(['README.md: most: its default is 1024, not 1025'])
    expect(faultsOf('KEY-05', 'KEY-04')).toEqual(['README.md: asked: its requirements are KEY-05, not KEY-04'])
    expect(faultsOf('(CLK-01)', '')).toEqual(['README.md: clock: its requirements are CLK-01, not none'])
  })
})

describe('the doc comments of CacheOptions', () => {
  const documented = optionsOf(readFileSync(join(root, 'packages/core/src/options.ts'), 'utf8'), 'CacheOptions')
  const { rules, ...others } = readOptions({}, String)
  /** What is kept under its own name; some options go together into one. */
  const settings = { ...rules, ...others }
  const literals = documented.filter(
    (option) => /^(?:\d|'|\[|true$|false$)/.test(option.default) && option.name in settings
  )
  /** Field names are lower case once they are read. */
  const caseless = (value) => (Array.isArray(value) ? value.map((name) => name.toLowerCase()) : value)

  it.each(literals.map((option) => [option.name, option.default]))('say the default of %s: %s', (name, given) => {
    const value = settings[name]
    expect(caseless(value instanceof Set ? [...value] : value)).toEqual(
      caseless(JSON.parse(given.replaceAll("'", '"')))
    )
  })
})

describe('exampleFaults', () => {
  const folder = mkdtempSync(join(root, 'node_modules/.options-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('runs examples, and tells which fails', async () => {
    const page = [
      `${fence}ts`,
      'const a: number = 1',
      'if (a !== 1) throw new Error()',
      fence,
      `${fence}js`,
      "throw new TypeError('most must be more')",
      fence,
      `${fence}sh`,
      'exit 1',
      fence
    ].join('\n')
    expect(await exampleFaults(page, join(folder, 'code'))).toEqual([
      'docs/options.md:6: the example fails: TypeError: most must be more'
    ])
  })
})

it('documents every option there is', async () => {
  expect(await run(process.execPath, ['scripts/check-options.mjs'])).toMatch(/^\d\d options are documented\n$/)
})
