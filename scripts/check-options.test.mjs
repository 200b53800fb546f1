import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { fromKeyValue } from '../packages/bridges/src/index.ts'
import { readOptions } from '../packages/core/src/read-options.ts'
import { DictStore } from '../packages/store-dict/src/index.ts'
import { FileStore } from '../packages/store-file/src/index.ts'
import { RedisStore } from '../packages/store-redis/src/index.ts'
import { currentPage, exampleFaults, isLiteral, rowFaults } from './check-options.mjs'
import { shortDefault } from './option-comments.mjs'
import { root, run } from './steps.mjs'

const fence = '```'

describe('rowFaults', () => {
  const options = [
    { name: 'most', defaultValue: '1_024 (a lot)', ids: ['VARY-10'] },
    { name: 'asked', defaultValue: undefined, ids: ['KEY-05'] },
    { name: 'clock', defaultValue: '`Date.now`', ids: ['CLK-01'] }
  ]
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

describe('the doc comments of options', () => {
  const { options: interfaces } = currentPage()
  const optionsOf = (...names) =>
    interfaces.filter(({ name }) => names.includes(name)).flatMap(({ options }) => options)
  const cacheOptions = interfaces
    .filter(({ heading }) => heading.startsWith('Options of `cacheInterceptor`'))
    .flatMap(({ options }) => options)
  const { rules, ...others } = readOptions({}, String)
  /** What is kept under its own name; some options go together into one. */
  const settings = { ...rules, ...others }
  const literals = cacheOptions
    .map(({ name, defaultValue }) => [name, shortDefault(defaultValue)])
    .filter(([name, given]) => isLiteral.test(given) && name in settings)
  /** Field names are lower case once they are read. */
  const caseless = (value) => (Array.isArray(value) ? value.map((name) => name.toLowerCase()) : value)

  it.each(literals)('say the default of %s: %s', (name, given) => {
    const value = settings[name]
    expect(caseless(value instanceof Set ? [...value] : value)).toEqual(
      caseless(JSON.parse(given.replaceAll("'", '"')))
    )
  })

  const making = [
    [cacheOptions, (options) => readOptions(options, String)],
    [optionsOf('DictStoreOptions'), (options) => new DictStore(options)],
    [optionsOf('FileStoreOptions'), (options) => new FileStore('never-made', options)],
    [optionsOf('RedisStoreOptions'), (options) => new RedisStore(options)],
    [optionsOf('KeyValueStoreOptions'), (options) => fromKeyValue(new Map(), options)]
  ].flatMap(([options, make]) => options.map(({ name }) => [name, make]))

  it.each(making)('are right that a wrong %s is a TypeError that names it', (name, make) => {
    expect(() => make({ [name]: Number.NaN })).toThrow(TypeError)
    expect(() => make({ [name]: Number.NaN })).toThrow(name)
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

describe('docs/options.md', () => {
  it('is what the doc comments say', () => {
    const { text, faults } = currentPage()
    expect(faults).toEqual([])
    expect(readFileSync(join(root, 'docs/options.md'), 'utf8')).toBe(text)
  })

  it('has examples that run, and READMEs that say the same', async () => {
    expect(await run(process.execPath, ['scripts/check-options.mjs'])).toMatch(/^\d\d options are documented\n$/)
  })
})
