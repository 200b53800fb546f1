import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { barChart } from './bar-chart.mjs'
import { performancePage, readResults } from './performance.mjs'
import { root } from './steps.mjs'

const machine = { node: '20.18.1', processor: 'a processor', cores: 2, load: 1.5, date: '2026-01-01' }
const row = {
  size: '1KiB',
  api: 'request',
  times: { yardstick: 10_000, 'yardstick again': 10_100, ours: 20_000 },
  ratios: [{ of: 'ours', to: 'yardstick', q1: 0.49, median: 0.5, q3: 0.51, mean: 0.5 }]
}
const judged = [{ name: 'hits: ours / yardstick', value: 0.5, target: 0.9, wording: 'at least', met: false }]

describe('the page about performance', () => {
  it('is made of what the benchmarks have measured', () => {
    const files = performancePage({ memory: { machine, measured: { hits: [row] }, judged } })
    const page = files['docs/performance.md']
    expect(page).toContain('Measured on 2026-01-01 with Node 20.18.1 on 2 cores of a processor')
    expect(page).toContain('| ours | 50,000 | 20 |')
    expect(page).toContain('| ours / yardstick | 0.50 | 0.49 to 0.51 |')
    expect(page).toContain('| hits: ours / yardstick | 0.50 | at least 0.90 | missed |')
    expect(page).toContain('(charts/memory-hits-1KiB-request.svg)')
    expect(Object.keys(files)).toEqual(['docs/charts/memory-hits-1KiB-request.svg', 'docs/performance.md'])
    expect(page).not.toContain('RedisStore')
  })

  it('has what was measured in a folder, with each version of Node', () => {
    const among = { ...row, api: 'store', times: { 100: 9_000, 1000000: 9_900, '100 again': 9_050 }, ratios: [] }
    const measured = { hits: [row], storing: [{ ...row, api: 'store' }], responses: [among] }
    const sqlite = { ...row, times: { ...row.times, 'undici sqlite': 40_000 } }
    const files = performancePage({
      file: { machine, measured, judged },
      'file-node24': { machine: { ...machine, node: '24.1.0' }, measured: { hits: [sqlite] }, judged }
    })
    const page = files['docs/performance.md']
    expect(page.match(/^###? .+$/gm)).toEqual([
      '## `FileStore`',
      '### Hits, 1KiB, request',
      '### Storing, 1KiB, store',
      '### Look-ups among 100, and among many responses, 1KiB, store',
      '### Targets of `FileStore`',
      '## `FileStore` on Node 24',
      '### Hits, 1KiB, request',
      '### Targets of `FileStore` on Node 24'
    ])
    expect(page).toContain('with Node 24.1.0 on 2 cores')
    expect(page).toContain('| undici sqlite | 25,000 | 40 |')
    expect(Object.keys(files)).toEqual([
      'docs/charts/file-hits-1KiB-request.svg',
      'docs/charts/file-storing-1KiB-store.svg',
      'docs/charts/file-responses-1KiB-store.svg',
      'docs/charts/file-node24-hits-1KiB-request.svg',
      'docs/performance.md'
    ])
  })

  it('is provisional where others used the machine', () => {
    const pageOf = (load) =>
      performancePage({ memory: { machine: { ...machine, load }, measured: {}, judged } })['docs/performance.md']
    expect(pageOf(20)).toContain('20 processes wanted its 2 cores')
    expect(pageOf(2)).not.toContain('Provisional')
  })

  it('says where the machine was busy', () => {
    const control = (median) => ({
      of: 'yardstick again',
      to: 'yardstick',
      q1: median,
      median,
      q3: median,
      mean: median
    })
    const pageOf = (median) => {
      const measured = { hits: [{ ...row, ratios: [control(median)] }] }
      return performancePage({ memory: { machine, measured, judged } })['docs/performance.md']
    }
    expect(pageOf(1.03)).toContain('The machine was busy: `yardstick again` / `yardstick` is 1.03.')
    expect(pageOf(0.99)).not.toContain('The machine was busy: ')
  })

  it('is up to date with them', () => {
    const files = performancePage(readResults())
    for (const [path, text] of Object.entries(files)) expect(readFileSync(join(root, path), 'utf8')).toBe(text)
    const charts = readdirSync(join(root, 'docs/charts')).map((name) => `docs/charts/${name}`)
    expect(
      Object.keys(files)
        .filter((path) => path.endsWith('.svg'))
        .sort()
    ).toEqual(charts.sort())
  })
})

describe('a chart', () => {
  it('has bars as long as their values, and the longest fills it', () => {
    const svg = barChart('a <title>', [
      { label: 'ours', value: 100 },
      { label: 'other', value: 50 }
    ])
    const widths = [...svg.matchAll(/<rect class="(\w+)".* width="(\d+)"/g)].map(([, kind, width]) => [kind, +width])
    expect(widths).toEqual([
      ['ours', 420],
      ['other', 210]
    ])
    expect(svg).toContain('a &lt;title>')
  })
})
