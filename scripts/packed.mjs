import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary } from './node-binary.mjs'
import { pnpm, root, run } from './steps.mjs'

const packages = ['core', 'store-dict', 'store-file', 'store-redis', 'bridges']
/** What an installation of each brings along. */
const dependencies = {
  core: ['structured-headers'],
  'store-dict': ['lru-cache'],
  'store-file': ['graceful-fs', 'proper-lockfile', 'retry', 'signal-exit'],
  'store-redis': [],
  bridges: []
}
/** Most bytes of each on the disk, without its dependencies: what is beyond has to be wanted. */
const mostBytes = {
  core: 1_250_000,
  'store-dict': 75_000,
  'store-file': 240_000,
  'store-redis': 220_000,
  bridges: 100_000
}
/** What a package consists of: no source maps, which would lead to sources that are not there. */
const published = /^(?:package\.json|README\.md|LICENSE|dist[\\/].*\.(?:c?js|d\.c?ts))$/
const otherNodes = ['22', '24']
const everyNode = ['this', ...otherNodes]

/** The packages as strangers get them: packed, and installed into projects of their own. */
export class Packed {
  #folder

  /** @param folder for tarballs and projects */
  constructor(folder) {
    this.#folder = folder
  }

  /** `[name, work]` of each check. */
  steps() {
    return [
      ...packages.map((name) => [
        `publint: ${name}`,
        () => run('node_modules/.bin/publint', ['run', this.#tarball(name), '--strict'])
      ]),
      ...packages.map((name) => [
        `types resolve: ${name}`,
        // Not for node10, which knows no exports map and so no subpaths.
        () => run('node_modules/.bin/attw', [this.#tarball(name), '--profile', 'node16'])
      ]),
      ['packed, least undici 7', () => this.#dict('undici-7-least', 'undici@7.28.0', ['this'])],
      ['packed, undici 7', () => this.#dict('undici-7', 'undici@7', everyNode)],
      ['packed, undici 8', () => this.#dict('undici-8', 'undici@8', otherNodes)],
      ...['7', '8'].flatMap((undici) => [
        [`packed, store-file, undici ${undici}`, () => this.#store('store-file', undici)],
        [`packed, bridges, undici ${undici}`, () => this.#store('bridges', undici)],
        [
          `packed, store-redis without a client, undici ${undici}`,
          () => this.#store('store-redis', undici, 'CC_REDIS_NO_CLIENT')
        ]
      ]),
      ...['5.4', '6'].map((version) => [`packed, store-redis, ioredis ${version}`, () => this.#ioredis(version)]),
      ...packages.slice(1).map((name) => [`packed, pnpm, ${name}`, () => this.#pnpm(name)]),
      ['packed, TypeScript, undici 7', () => this.#types('undici@7')],
      ['packed, TypeScript, undici 8', () => this.#types('undici@8')],
      ['packed, jest', () => this.#jest()],
      ['packed, bundled by esbuild', () => this.#bundled()],
      ['packed, core without a store', () => this.#withoutStore()],
      ['packed, stores without core', () => this.#withoutCore()],
      ['packed, undici too old', () => this.#oldUndici()]
    ]
  }

  async pack() {
    mkdirSync(this.#folder, { recursive: true })
    for (const name of packages)
      await run(...pnpm('pack', '--out', this.#tarball(name)), { cwd: join(root, 'packages', name) })
  }

  #tarball(name) {
    return join(this.#folder, `${name}.tgz`)
  }

  /** A new project with the consumer scripts in it. */
  #project(name) {
    const folder = join(this.#folder, name)
    cpSync(join(root, 'scripts/consumer'), folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }))
    return folder
  }

  /** The same, with these packages installed by npm. */
  async #installed(name, ...args) {
    const folder = this.#project(name)
    await run('npm', ['install', '--no-audit', '--no-fund', ...args], { cwd: folder })
    return folder
  }

  async #dict(name, undici, nodes) {
    const folder = await this.#installed(name, this.#tarball('core'), this.#tarball('store-dict'), undici)
    assert.deepEqual(namesIn(folder), expectedNames('core', 'store-dict'))
    assertSmall(folder, 'core', 'store-dict')
    for (const node of nodes)
      for (const script of ['installed.mjs', 'installed.cjs']) await runScript(folder, script, { node })
  }

  /** Core and one store bring nothing along but their own `dependencies`, and no other store. */
  async #store(name, undici, ...args) {
    const specifiers = [this.#tarball('core'), this.#tarball(name), `undici@${undici}`]
    const folder = await this.#installed(`${name}-${undici}`, ...specifiers)
    assert.deepEqual(namesIn(folder), expectedNames('core', name))
    assertSmall(folder, 'core', name)
    // undici 8 wants a later Node than 20.
    for (const node of undici === '7' ? everyNode : otherNodes)
      await runScript(folder, 'one-store.mjs', { node, args: [name, ...args] })
  }

  /** The Redis store takes either major of ioredis. */
  async #ioredis(version) {
    const specifiers = [this.#tarball('core'), this.#tarball('store-redis'), 'undici@7', `ioredis@${version}`]
    const folder = await this.#installed(`ioredis-${version}`, ...specifiers)
    for (const node of everyNode)
      await runScript(folder, 'one-store.mjs', { node, args: ['store-redis', 'CC_REDIS_NOT_READY'] })
  }

  /** pnpm, which lets a package see nothing but what it names. */
  async #pnpm(name) {
    const folder = this.#project(`pnpm-${name}`)
    await run(...pnpm('add', this.#tarball('core'), this.#tarball(name), 'undici@7'), { cwd: folder })
    const links = readdirSync(join(folder, 'node_modules/.pnpm')).flatMap((link) => /^@?[^@]+(?=@)/.exec(link) ?? [])
    assert.deepEqual(links.map((link) => link.replace('+', '/')).sort(), expectedNames('core', name))
    if (name !== 'store-dict') {
      const error = name === 'store-redis' ? ['CC_REDIS_NO_CLIENT'] : []
      return runScript(folder, 'one-store.mjs', { args: [name, ...error] })
    }
    for (const script of ['installed.mjs', 'installed.cjs']) await runScript(folder, script)
  }

  async #types(undici) {
    const specifiers = [undici, 'ioredis@6', 'typescript@5.9', '@types/node@20']
    const tarballs = packages.map((name) => this.#tarball(name))
    const folder = await this.#installed(`types-${undici}`, ...tarballs, ...specifiers)
    for (const config of ['tsconfig.json', 'tsconfig.dom.json', 'tsconfig.bundler.json'])
      await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config], { cwd: folder })
  }

  /** Tests of a project in CommonJS, and in ESM, by the jest of this repository, with nothing configured. */
  async #jest() {
    const folder = await this.#installed('jest', this.#tarball('core'), this.#tarball('store-dict'), 'undici@7')
    const args = [join(root, 'node_modules/jest/bin/jest.js'), '--ci', '--rootDir', folder]
    await run(process.execPath, ['--experimental-vm-modules', ...args, '--testMatch', '**/jest.test.{c,m}js'], {
      cwd: folder,
      timeoutMs: 5 * 60_000
    })
  }

  /** A bundle needs nothing beside it, and says what is missing if the default store is not in it. */
  async #bundled() {
    const tarballs = ['core', 'store-dict', 'store-file'].map((name) => this.#tarball(name))
    const folder = await this.#installed('bundled', ...tarballs, 'undici@7', 'esbuild@0.25')
    const away = join(this.#folder, 'bundles')
    mkdirSync(away)
    const bundle = async (entry, name, ...args) => {
      const options = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${join(away, name)}`, ...args]
      await run('node_modules/.bin/esbuild', [entry, ...options], { cwd: folder })
      return runScript(away, name)
    }
    await bundle('installed.mjs', 'commonjs.cjs', '--format=cjs')
    // What was CommonJS asks for `require`, as its documentation says.
    const banner =
      "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
    await bundle('installed.mjs', 'module.mjs', '--format=esm', banner)
    await bundle('bundled-file.mjs', 'file.cjs', '--format=cjs')
    await run('npm', ['uninstall', '@cc/store-dict', '--legacy-peer-deps', '--no-audit'], { cwd: folder })
    await bundle('bundled-alone.mjs', 'alone.cjs', '--format=cjs')
  }

  async #withoutStore() {
    const folder = await this.#installed('alone', this.#tarball('core'), 'undici@7')
    assert.deepEqual(namesIn(folder), expectedNames('core'))
    await runScript(folder, 'without-store.mjs')
  }

  /** npm installs core by itself; where it was kept from that, a store loads, and who imports core is told. */
  async #withoutCore() {
    for (const name of packages.slice(1)) {
      const args = [this.#tarball(name), 'undici@7', '--legacy-peer-deps']
      const folder = await this.#installed(`${name}-alone`, ...args)
      await runScript(folder, 'without-core.mjs', { args: [name] })
    }
  }

  async #oldUndici() {
    for (const undici of ['undici@6', 'undici@7.27']) {
      const installing = this.#installed(`old-${undici}`, this.#tarball('core'), undici)
      await assert.rejects(installing, /ERESOLVE[\s\S]*peer undici@">=7\.28 <9" from @cc\/core/)
    }
  }
}

/** Runs a script of a project; `node` is a version, or `'this'` one. */
async function runScript(folder, script, { node = 'this', args = [] } = {}) {
  const binary = node === 'this' ? process.execPath : await nodeBinary(node)
  return run(binary, [script, ...args], { cwd: folder, timeoutMs: 5 * 60_000 })
}

/** Names of all packages that npm has installed. */
function namesIn(folder) {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  return Object.keys(lock.packages)
    .filter(Boolean)
    .map((path) => path.replace(/^.*node_modules\//, ''))
    .sort()
}

const expectedNames = (...names) =>
  ['undici', ...names.flatMap((name) => [`@cc/${name}`, ...dependencies[name]])].sort()

/** Each has what it should consist of, and is no larger than is known; and not empty either. */
function assertSmall(folder, ...names) {
  for (const name of names) {
    const within = join(folder, 'node_modules/@cc', name)
    const files = readdirSync(within, { recursive: true })
      .filter((path) => !path.startsWith('node_modules'))
      .filter((path) => statSync(join(within, path)).isFile())
    assert.deepEqual(
      files.filter((path) => !published.test(path)),
      []
    )
    const bytes = files.reduce((sum, path) => sum + statSync(join(within, path)).size, 0)
    assert.ok(bytes > mostBytes[name] / 2 && bytes <= mostBytes[name], `@cc/${name} takes ${bytes} bytes`)
  }
}
