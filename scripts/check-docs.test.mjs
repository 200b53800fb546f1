import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { anchorsOf, codeFaults, linkFaults, mapFaults, runFaults, siteFaults } from './check-docs.mjs'
import { root } from './steps.mjs'

const fence = '```'
const page = (...lines) => lines.join('\n')

describe('linkFaults', () => {
  const files = new Set(['README.md', 'docs/a.md', 'docs', 'LICENSE'])
  const faultsOf = (text) =>
    linkFaults(
      new Map([
        ['docs/a.md', text],
        ['README.md', '# Two words, `code`!\n']
      ]),
      (path) => files.has(path)
    )

  it('accepts links that lead somewhere', () => {
    const text = '[a](../README.md#two-words-code) [b](../LICENSE) [c](https://example.org/x) [d](#here)\n## Here\n'
    expect(faultsOf(text)).toEqual([])
  })

  it.each([
    ['[a](b.md)', 'docs/a.md:1: b.md does not exist'],
    ['\n[a][x]\n\n[x]: b.md', 'docs/a.md:4: b.md does not exist'],
    ['<img src="b.png">', 'docs/a.md:1: b.png does not exist'],
    ['[a](../README.md#three)', 'docs/a.md:1: ../README.md#three: no such heading'],
    ['[a](../../x)', 'docs/a.md:1: ../../x leads out of the repository']
  ])('finds the broken link in %s', (text, fault) => {
    expect(faultsOf(text)).toEqual([fault])
  })

  it('leaves code alone', () => {
    expect(faultsOf(page('`[a](b.md)`', fence, '[a](b.md)', fence))).toEqual([])
  })
})

describe('anchorsOf', () => {
  it('numbers headings that repeat', () => {
    expect([...anchorsOf('# A b\n## A b\n')]).toEqual(['a-b', 'a-b-1'])
  })
})

describe('mapFaults', () => {
  const files = [
    'packages/core/src/store.ts',
    'packages/core/src/rules/reuse.ts',
    'packages/core/src/undici/serving.ts'
  ]
  const table = page('`store.ts` is the contract.', '| File | What |', '| --- | --- |', '| `reuse`, `serving` | what |')

  it('accepts a map that names every file, in a table or elsewhere', () => {
    expect(mapFaults(table, files)).toEqual([])
  })

  it('finds a file that is not on the map', () => {
    expect(mapFaults(table, [...files, 'packages/core/src/new-id.ts'])).toEqual([
      'docs/architecture.md: names no file packages/core/src/new-id.ts: it belongs into the table or list of its folder'
    ])
  })

  it('finds a name on the map that no file has any more', () => {
    expect(mapFaults(table.replace('`serving`', '`serving`, `gone`'), files)).toEqual([
      'docs/architecture.md: there is no file gone'
    ])
  })
})

describe('codeFaults', () => {
  const folder = mkdtempSync(join(root, 'node_modules/.docs-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const faultsOf = (text) => codeFaults(new Map([['README.md', text]]), join(folder, 'code')).faults

  it('accepts code that compiles, in modules of their own, and leaves other languages alone', () => {
    const text = page(
      `${fence}ts`,
      "import { join } from 'node:path'",
      "const a: string = join('a')",
      fence,
      `${fence}ts continued`,
      'a.trim()',
      fence,
      `${fence}js`,
      'const a = await Promise.resolve(1)',
      fence,
      `${fence}sh`,
      'npm start',
      fence
    )
    expect(faultsOf(text)).toEqual([])
  })

  it('compiles what is about undici 8 against that', () => {
    const code = ["import { Dispatcher1Wrapper } from 'undici'", 'void Dispatcher1Wrapper', fence]
    expect(faultsOf(page(`${fence}js undici-8`, ...code))).toEqual([])
    expect(faultsOf(page(`${fence}js`, ...code))).toEqual([
      expect.stringMatching(/^README\.md:2: .*Dispatcher1Wrapper/)
    ])
  })

  it('finds an error and names its line', () => {
    const text = page(
      '# Title',
      `${fence}ts`,
      'const a = 1',
      'const b: string = a',
      fence,
      `${fence}js`,
      'nowhere()',
      fence
    )
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(/^README\.md:4: Type 'number' is not assignable/),
      expect.stringMatching(/^README\.md:7: Cannot find name 'nowhere'/)
    ])
  })
})

describe('runFaults', () => {
  it('runs what is a program, and finds the one that fails', async () => {
    const folder = mkdtempSync(join(root, 'node_modules/.cache-'))
    const program = (...lines) => page(`${fence}js run`, ...lines, fence)
    const pages = new Map([
      ['a.md', page('# Title', program("import '@cc/core'", "await import('node:fs')"), program('throw new Error(5)'))],
      ['b.md', page(`${fence}js`, 'throw new Error(6)', fence)]
    ])
    const faults = await runFaults(pages, folder)
    expect(faults).toEqual([expect.stringMatching(/^a\.md:7: the program fails: .*\n[\s\S]*Error: 5/)])
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('siteFaults', () => {
  const config = "guide('What it is', ''), guide('Options', 'options')"

  it('accepts a sidebar that has every page', () => {
    expect(siteFaults(['README.md', 'docs/index.md', 'docs/options.md'], config)).toEqual([])
  })

  it('finds pages that are missing there, and entries that lead nowhere', () => {
    expect(siteFaults(['docs/index.md', 'docs/ranges.md'], config)).toEqual([
      'docs/ranges.md is not in the sidebar of the site',
      'the sidebar of the site has options, and docs/ has not'
    ])
  })
})
