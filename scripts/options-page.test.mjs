import { describe, expect, it } from '@jest/globals'
import { commentParts, interfaceOf, shortDefault } from './option-comments.mjs'
import { commentFaults, exportFaults, optionsPage } from './options-page.mjs'

const fence = '```'
const source = `
export interface Other { readonly elsewhere?: string }
/** Options of {@link make}. docs/making.md says more. */
export interface Options {
  /**
   * Most things kept; a | and a \\\` stay as they are. Or {@link Options.asked}, as
   * docs/making.md#how-it-is-asked says. RFC 9111 §4 (VARY-10).
   * @unit things, 1 or more
   * @defaultValue 1_024 (a lot)
   * @throws TypeError for none
   * @example
   * ${fence}js
   * // @unit is code here
   * make({
   *   most: '*'
   * })
   * ${fence}
   */
  readonly most?: number | undefined
  /** Who is asked (KEY-05, RFC 9111 §7.2). */
  readonly asked?: (() => 'this' | 'that') | undefined
  /** The time. @defaultValue \`Date.now\` (CLK-01) */
  readonly clock?: () => EpochMilliseconds
}
`
const { options } = interfaceOf(source, 'Options')
const [most, asked, clock] = options

describe('interfaceOf', () => {
  it('reads one interface: names, types, units, defaults, errors and requirement ids', () => {
    expect(options.map(({ name, type, ids }) => [name, type, ids])).toEqual([
      ['most', 'number', ['VARY-10']],
      ['asked', "() => 'this' | 'that'", ['KEY-05']],
      ['clock', '() => EpochMilliseconds', ['CLK-01']]
    ])
    expect(most).toMatchObject({
      unit: 'things, 1 or more',
      defaultValue: '1_024 (a lot)',
      throws: ['TypeError for none']
    })
    expect(clock).toMatchObject({ description: 'The time.', defaultValue: '`Date.now` (CLK-01)' })
    expect(asked).toMatchObject({ defaultValue: undefined, unit: undefined, throws: [] })
  })

  it('keeps examples letter by letter, and takes nothing in them for a tag', () => {
    expect(most.examples).toEqual([`${fence}js\n// @unit is code here\nmake({\n  most: '*'\n})\n${fence}`])
  })

  it('says so if there is no such interface', () => {
    expect(() => interfaceOf(source, 'Missing')).toThrow('there is no interface Missing')
  })
})

it('shortDefault tells a value from what is said of it', () => {
  expect(
    ['86_400 (a day)', '`86400`', 'unset: nobody', 'none: no field', '`Date.now` (CLK-01)'].map(shortDefault)
  ).toEqual(['86400', '86400', 'unset', 'none', 'Date.now'])
  expect(shortDefault(undefined)).toBe('unset')
})

describe('commentFaults', () => {
  it('accepts a comment that says everything', () => {
    expect(commentFaults(most)).toEqual([])
  })

  it('finds what is missing', () => {
    expect(commentFaults(asked)).toEqual(['it has no @defaultValue', 'no @example names it'])
    expect(commentFaults({ ...most, description: '' })).toEqual(['it has no description'])
    expect(commentFaults({ ...most, unit: undefined })).toEqual(['it has no @unit'])
    expect(commentFaults({ ...clock, examples: most.examples })).toEqual(['it has no @unit', 'no @example names it'])
  })
})

describe('exportFaults', () => {
  it('finds types of options that the page leaves out', () => {
    const indexes = [['index.ts', "export type { CacheOptions, DictStoreOptions, PartitionOption } from './x.js'"]]
    expect(exportFaults(indexes, ['DictStoreOptions', 'PartitionOption'])).toEqual([])
    expect(exportFaults(indexes, ['PartitionOption'])).toEqual([
      expect.stringContaining('index.ts: DictStoreOptions is exported')
    ])
  })
})

describe('optionsPage', () => {
  const sections = [{ heading: 'Options of `make`', file: 'options.ts', name: 'Options' }]
  const groups = { VARY: 'Vary and variants', KEY: 'Cache key', CLK: 'Clock' }
  const making = '# Making things\n\n## How it is asked\n'
  const pageOf = (text, pages = [['docs/making.md', making]]) =>
    optionsPage({ files: new Map([['options.ts', text], ...pages]), groups, sections })

  it('has a section for each option, with links that lead somewhere', () => {
    const { text, faults } = pageOf(source)
    expect(text).toContain(
      [
        '## Options of `make`',
        '',
        'Options of `make`. [Making things](making.md) says more.',
        '',
        '### `most`',
        '',
        '- Type: `number`',
        '- Unit: things, 1 or more',
        '- Default: 1_024 (a lot)',
        '- Errors: `TypeError` for none',
        '- Requirements: [VARY-10](requirements.md#vary-and-variants)',
        '',
        'Most things kept; a | and a \\` stay as they are. Or [`asked`](#asked), as',
        '[How it is asked](making.md#how-it-is-asked) says. RFC 9111 §4.',
        '',
        `${fence}js`,
        '// @unit is code here',
        'make({',
        "  most: '*'",
        '})',
        fence,
        '',
        '### `asked`',
        '',
        "- Type: `() => 'this' | 'that'`",
        '- Default: ',
        '- Requirements: [KEY-05](requirements.md#cache-key)'
      ].join('\n')
    )
    expect(faults).toHaveLength(4)
  })

  it('finds links that lead nowhere', () => {
    expect(pageOf(source.replace('Options.asked', 'Options.gone')).faults).toContain(
      'options.ts: Options.most: {@link Options.gone} leads nowhere'
    )
    expect(pageOf(source, []).faults).toContain('options.ts: Options: docs/making.md does not exist')
    expect(pageOf(source.replace('#how-it', '#why-it')).faults).toContain(
      'options.ts: Options.most: docs/making.md#why-it-is-asked does not exist'
    )
  })

  it('gives the second option of a name the anchor that its heading has', () => {
    const twice = `${source}export interface More {
  /** See {@link More.most}. @defaultValue 1 */
  readonly most?: string
}`
    const both = [...sections, { heading: 'More', file: 'options.ts', name: 'More' }]
    const { text } = optionsPage({
      files: new Map([
        ['options.ts', twice],
        ['docs/making.md', making]
      ]),
      groups,
      sections: both
    })
    expect(text).toContain('See [`most`](#most-1).')
  })
})

it('commentParts reads a comment of one line as one of many', () => {
  expect(commentParts('/** The time. @defaultValue `Date.now` */')).toEqual({
    description: 'The time.',
    tags: [{ tag: 'defaultValue', text: '`Date.now`' }]
  })
})
