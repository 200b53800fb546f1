// npm run test:matrix [-- words]: what takes longer than `npm test` and what needs other versions: the packed packages
// in projects of their own, a rehearsal of releases, the site, the conformance suite, and the tests under other versions of node and
// undici. With words, only the steps whose names contain one of them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeBinary } from './node-binary.mjs'
import { Packed } from './packed.mjs'
import { rehearseReleases } from './rehearse-releases.mjs'
import { build, install, jest, root, run, Tally } from './steps.mjs'

const temporary = mkdtempSync(join(tmpdir(), 'cc-matrix-'))
const packed = new Packed(join(temporary, 'packed'))

async function conformance() {
  const output = await run('npm', ['run', '--silent', 'test:matrix'], {
    cwd: join(root, 'conformance'),
    timeoutMs: 20 * 60_000
  })
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(output.trimEnd().split('\n').at(-1))
  assert.ok(counts, `no counts in the last line of:\n${output}`)
  return { passed: Number(counts[1]), failed: Number(counts[2]) }
}

/** All but the tests of the stores elsewhere alone, which know nothing of undici; those with the cache are in conformance/. */
const withoutStores = ['packages/core', 'packages/store-dict', 'packages/bridges', 'conformance', 'scripts']

async function tests(version, paths, env = {}) {
  return jest(paths, { node: await nodeBinary(version), env })
}

const manifest = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const hasConformance = () => manifest('conformance/package.json').scripts?.['test:matrix'] !== undefined

const steps = [
  ...packed.steps(),
  ['docs as a site', () => run('npm', ['run', 'docs:build'])],
  ['releases, each package by itself', () => rehearseReleases(join(temporary, 'releases'))],
  ...(hasConformance() ? [['conformance', conformance]] : []),
  ['tests, node 22', () => tests('22', withoutStores)],
  ['tests, node 24', () => tests('24', [])],
  ['tests, undici 8, node 24', () => tests('24', withoutStores, { UNDICI: '8' })]
]

const words = process.argv.slice(2)
const chosen = steps.filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)))
const tally = new Tally()
try {
  if (
    (await tally.step('install', install)) &&
    (await tally.step('build', build)) &&
    (await tally.step('pack', () => packed.pack()))
  ) {
    for (const [name, work] of chosen) await tally.step(name, work)
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
tally.finish()
