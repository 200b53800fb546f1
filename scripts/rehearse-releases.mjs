// Releases in a copy of the repository, published to a registry of its own: all packages, then core, then one store, which
// must not ask for that newer core, then a core that speaks another contract. What may be mixed is installed and used together, on one folder and one Redis; what
// may not is refused.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { startRegistry } from './registry.mjs'
import { startRedis } from './start-redis.mjs'
import { pnpm, root, run } from './steps.mjs'

const stores = ['store-dict', 'store-file', 'store-redis', 'bridges']
/** Those that others find something in. */
const shared = new Set(['store-file', 'store-redis'])
const leftOut = new Set(['node_modules', '.git', '.turbo'])
const git = (...args) => ['git', ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost', ...args]]

/** @param temporary a folder for all that this needs */
export async function rehearseReleases(temporary) {
  const registry = await startRegistry(join(temporary, 'registry'))
  try {
    const copy = new Copy(join(temporary, 'repository'), registry)
    await copy.prepare()
    const mixes = new Mixes(join(temporary, 'mixes'), registry)
    const first = await releaseAll(copy)
    const second = await releaseCore(copy, first)
    const third = await releaseOneStore(copy, second)
    const fourth = await releaseAnotherContract(copy, third)
    await mixes.start()
    try {
      for (const core of [first.core, third.core]) {
        for (const store of stores) {
          for (const version of new Set([first[store], third[store]])) await mixes.areUsed(core, store, version)
        }
      }
      await mixes.areRefused(fourth.core, 'store-file', third['store-file'], 'upgrade the package of the store')
      await mixes.areRefused(third.core, 'store-file', fourth['store-file'], 'upgrade @cc/core')
    } finally {
      await mixes.stop()
    }
  } finally {
    await registry.stop()
  }
}

async function releaseAll(copy) {
  const before = copy.versions()
  const versions = await copy.release()
  const isFirst = before.core === '0.0.0'
  if (isFirst) assert.deepEqual(new Set(Object.values(versions)), new Set(['1.0.0']))
  return versions
}

async function releaseOneStore(copy, before) {
  copy.change('store-file', 'patch')
  const after = await copy.release()
  assert.deepEqual(after, { ...before, 'store-file': next(before['store-file'], 'patch') })
  return after
}

async function releaseCore(copy, before) {
  copy.change('core', 'minor')
  const after = await copy.release()
  assert.deepEqual(after, { ...before, core: next(before.core, 'minor') })
  return after
}

/** A major of core: each store needs one, too. */
async function releaseAnotherContract(copy, before) {
  copy.change('core', 'major')
  copy.replaceBuilt('core', /\bvar known = 1;/, 'var known = 2;')
  for (const store of stores) copy.replaceBuilt(store, /\bcontract = 1;/, 'contract = 2;')
  const after = await copy.release()
  for (const name of ['core', ...stores]) assert.equal(after[name], next(before[name], 'major'))
  return after
}

function next(version, kind) {
  const [major, minor, patch] = version.split('.').map(Number)
  if (kind === 'major') return `${major + 1}.0.0`
  return kind === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}

/** A copy of the repository with what was built in it. */
class Copy {
  #changes = 0
  /** Versions in the registry, by name. */
  #published = {}

  constructor(folder, registry) {
    this.folder = folder
    this.registry = registry
  }

  async prepare() {
    cpSync(root, this.folder, { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
    await this.#run(...git('init', '--quiet', '--initial-branch=main'))
    await this.#commit('As it is')
    // Changesets looks where packages are installed.
    await this.#run(...pnpm('install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts'))
    writeFileSync(join(this.folder, '.npmrc'), this.registry.npmrc)
  }

  change(name, kind) {
    this.#changes += 1
    const text = `---\n'@cc/${name}': ${kind}\n---\n\nA ${kind} change.\n`
    writeFileSync(join(this.folder, '.changeset', `rehearsed-${this.#changes}.md`), text)
  }

  replaceBuilt(name, pattern, replacement) {
    const folder = join(this.folder, 'packages', name, 'dist')
    const replaced = { '.js': 0, '.cjs': 0 }
    for (const file of readdirSync(folder)) {
      const kind = /\.c?js$/.exec(file)?.[0]
      if (kind === undefined) continue
      const text = readFileSync(join(folder, file), 'utf8')
      if (!pattern.test(text)) continue
      writeFileSync(join(folder, file), text.replace(pattern, replacement))
      replaced[kind] += 1
    }
    assert.deepEqual(replaced, { '.js': 1, '.cjs': 1 }, `${pattern} in ${folder}`)
  }

  /** As the release workflow does it. Resolves to the versions then, by name; what has one that is new was published, and only that. */
  async release() {
    await this.#run('npm', ['run', 'release:version'])
    await this.#commit('New versions')
    const output = await this.#run(...pnpm('exec', 'env', ...this.registry.env, 'changeset', 'publish'))
    const after = this.versions()
    for (const name of Object.keys(after)) {
      const told = output.includes(`@cc/${name}@${after[name]}`)
      assert.equal(told, after[name] !== this.#published[name], `${name}: now ${after[name]}\n${output}`)
    }
    this.#published = after
    return after
  }

  versions() {
    const folder = join(this.folder, 'packages')
    return Object.fromEntries(
      readdirSync(folder).map((name) => [
        name,
        JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version
      ])
    )
  }

  async #commit(message) {
    await this.#run(...git('add', '--all'))
    await this.#run(...git('commit', '--quiet', '--allow-empty', '--message', message))
  }

  #run(command, args) {
    return run(command, args, { cwd: this.folder, timeoutMs: 5 * 60_000 })
  }
}

/** Projects that install core and a store, and share one folder, one Redis and one origin. */
class Mixes {
  #used = new Set()

  constructor(folder, registry) {
    this.folder = folder
    this.registry = registry
  }

  async start() {
    mkdirSync(join(this.folder, 'stored'), { recursive: true })
    this.redis = await startRedis()
    this.origin = createServer((_, response) => response.setHeader('cache-control', 'max-age=86400').end('hello'))
    await once(this.origin.listen(0, '127.0.0.1'), 'listening')
  }

  async stop() {
    this.origin.close()
    await this.redis.stop()
  }

  /** What one version has stored, every other one finds. */
  async areUsed(core, store, version) {
    const folder = await this.#install(core, store, version)
    const isNew = !shared.has(store) || !this.#used.has(store)
    this.#used.add(store)
    await this.#use(folder, store, [isNew ? 'miss' : 'hit', 'hit'])
  }

  /** They are not installed by themselves; who insists is told which is too old. */
  async areRefused(core, store, version, advice) {
    await assert.rejects(this.#install(core, store, version), /ERESOLVE/)
    const folder = await this.#install(core, store, version, '--legacy-peer-deps')
    await assert.rejects(this.#use(folder, store, []), new RegExp(`TypeError: cacheInterceptor: .*${advice}`))
  }

  async #install(core, store, version, ...args) {
    const folder = join(this.folder, `${store}-${version}-on-${core}${args.join('')}`)
    mkdirSync(folder, { recursive: true })
    cpSync(join(root, 'scripts/consumer/mix.mjs'), join(folder, 'mix.mjs'))
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
    writeFileSync(join(folder, '.npmrc'), this.registry.npmrc)
    const packages = [`@cc/core@${core}`, `@cc/${store}@${version}`, 'undici@7', 'ioredis@6']
    const command = ['install', '--no-audit', '--no-fund', ...args, ...packages]
    await run('npm', command, { cwd: folder, timeoutMs: 5 * 60_000 })
    return folder
  }

  #use(folder, store, outcomes) {
    const url = `http://127.0.0.1:${this.origin.address().port}/`
    const places = [join(this.folder, 'stored'), `redis://127.0.0.1:${this.redis.port}`]
    return run(process.execPath, ['mix.mjs', store, url, ...places, ...outcomes], {
      cwd: folder,
      timeoutMs: 5 * 60_000
    })
  }
}
