import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(__dirname, '..')
const folder = join(root, '.github/workflows')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8')

  it('runs scripts that there are', () => {
    const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script)
    const listed = [...text.matchAll(/'(\["test.*?\])'/g)].flatMap(([, list]) => JSON.parse(list))
    expect([...run, ...listed]).not.toHaveLength(0)
    for (const script of [...run, ...listed]) expect(Object.keys(manifest.scripts)).toContain(script)
  })

  it('runs on the least Node that is supported, or on a later one', () => {
    const [, least = ''] = /(\d+)\.\d+\.\d+/.exec(manifest.engines.node) ?? []
    for (const [, version = ''] of text.matchAll(/node-version: (\S+)/g)) {
      expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(Number(least))
      if (version.startsWith(`${least}.`)) expect(`>=${version}`).toBe(manifest.engines.node)
    }
  })

  it('gives no more rights than a job asks for', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m)
  })
})
