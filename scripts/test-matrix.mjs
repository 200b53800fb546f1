// npm run test:matrix [-- words]: what takes longer than `npm test` and what needs other versions: the packed packages
// in projects of their own, the conformance suite, and the tests under other versions of node and undici. With words, only the
// steps whose names contain one of them.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, install, jest, pnpm, root, run, Tally } from './steps.mjs'

const packages = ['core', 'store-dict', 'store-file', 'store-redis']
const otherNodes = ['22', '24']
const temporary = mkdtempSync(join(tmpdir(), 'cc-matrix-'))
const tarball = (name) => join(temporary, `${name}.tgz`)
const npm = (folder, ...args) => run('npm', [...args, '--no-audit', '--no-fund'], { cwd: folder })

async function pack() {
  for (const name of packages) await run(...pnpm('pack', '--out', tarball(name)), { cwd: join(root, 'packages', name) })
}

/** A new project with these packages and the consumer scripts in it. */
async function project(name, ...specifiers) {
  const folder = join(temporary, name)
  cpSync(join(root, 'scripts/consumer'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }))
  await npm(folder, 'install', ...specifiers)
  return folder
}

/** Names of all installed packages. */
function installedIn(folder) {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  return Object.keys(lock.packages)
    .filter(Boolean)
    .map((path) => path.replace(/^.*node_modules\//, ''))
    .sort()
}

/** The binary of another version of node, fetched once. */
async function nodeBinary(version) {
  const folder = join(root, 'node_modules/.cache', `node-${version}`)
  const binary = join(folder, 'node_modules/node/bin/node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
    await npm(folder, 'install', `node@${version}`)
  }
  const shown = await run(binary, ['--version'])
  assert.match(shown, new RegExp(`^v${version}\\.`))
  return binary
}

async function consume(name, undici, nodes) {
  const folder = await project(name, tarball('core'), tarball('store-dict'), undici)
  assert.deepEqual(installedIn(folder), ['@cc/core', '@cc/store-dict', 'lru-cache', 'structured-headers', 'undici'])
  for (const node of nodes) {
    const binary = node === 'this' ? process.execPath : await nodeBinary(node)
    for (const script of ['installed.mjs', 'installed.cjs'])
      await run(binary, [script], { cwd: folder, timeoutMs: 60_000 })
  }
}

/** Core and one store bring nothing along but their own `dependencies`, and no other store. */
async function consumeStore(name, dependencies, ...args) {
  const folder = await project(name, tarball('core'), tarball(name), 'undici@7')
  const expected = ['@cc/core', `@cc/${name}`, 'structured-headers', 'undici', ...dependencies].sort()
  assert.deepEqual(installedIn(folder), expected)
  await consumeOneStore(folder, name, ...args)
}

/** The Redis store takes either major of ioredis. */
async function consumeIoredis(version) {
  const folder = await project(
    `ioredis-${version}`,
    tarball('core'),
    tarball('store-redis'),
    'undici@7',
    `ioredis@${version}`
  )
  await consumeOneStore(folder, 'store-redis', 'CC_REDIS_NOT_READY')
}

async function consumeOneStore(folder, ...args) {
  for (const node of ['this', ...otherNodes]) {
    const binary = node === 'this' ? process.execPath : await nodeBinary(node)
    await run(binary, ['one-store.mjs', ...args], { cwd: folder, timeoutMs: 60_000 })
  }
}

async function consumeTypes(undici) {
  const specifiers = [undici, 'ioredis@6', 'typescript@5.9', '@types/node@20']
  const folder = await project(`types-${undici}`, ...packages.map(tarball), ...specifiers)
  for (const config of ['tsconfig.json', 'tsconfig.dom.json'])
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config], { cwd: folder })
}

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
const withoutStores = ['packages/core', 'packages/store-dict', 'conformance', 'scripts']

async function tests(version, paths, env = {}) {
  return jest(paths, { node: await nodeBinary(version), env })
}

const manifest = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const hasConformance = () => manifest('conformance/package.json').scripts?.['test:matrix'] !== undefined

const steps = [
  ...packages.map((name) => [
    `publint: ${name}`,
    () => run('node_modules/.bin/publint', ['run', tarball(name), '--strict'])
  ]),
  ...packages.map((name) => [
    `types resolve: ${name}`,
    // Not for node10, which knows no exports map and so no subpaths.
    () => run('node_modules/.bin/attw', [tarball(name), '--profile', 'node16'])
  ]),
  ['packed, least undici 7', () => consume('undici-7-least', 'undici@7.28.0', ['this'])],
  ['packed, undici 7', () => consume('undici-7', 'undici@7', ['this', ...otherNodes])],
  ['packed, undici 8', () => consume('undici-8', 'undici@8', otherNodes)],
  ['packed, store-file', () => consumeStore('store-file', ['graceful-fs', 'proper-lockfile', 'retry', 'signal-exit'])],
  ['packed, store-redis without a client', () => consumeStore('store-redis', [], 'CC_REDIS_NO_CLIENT')],
  ...['5.4', '6'].map((version) => [`packed, store-redis, ioredis ${version}`, () => consumeIoredis(version)]),
  ['packed, TypeScript, undici 7', () => consumeTypes('undici@7')],
  ['packed, TypeScript, undici 8', () => consumeTypes('undici@8')],
  [
    'packed, core without a store',
    async () => {
      const folder = await project('alone', tarball('core'), 'undici@7')
      assert.deepEqual(installedIn(folder), ['@cc/core', 'structured-headers', 'undici'])
      await run(process.execPath, ['without-store.mjs'], { cwd: folder, timeoutMs: 60_000 })
    }
  ],
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
    (await tally.step('pack', pack))
  ) {
    for (const [name, work] of chosen) await tally.step(name, work)
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
tally.finish()
