// The redis-server that tests, benchmarks and examples start: what REDIS_SERVER names, else the one in PATH, else, for
// root on Debian and its kin, the one that this script installs. Run by itself it prints the path.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run } from './steps.mjs'

const leastVersion = 7
const ways =
  'have one in PATH (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis; Fedora: dnf install redis), ' +
  'or name its file in the variable REDIS_SERVER'

const folder = join(root, 'node_modules/.cache/redis')
const linked = join(folder, 'redis-server')

/** The major version of a program that is a redis-server, or `undefined`. */
function version(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const found = status === 0 ? /^Redis server v=(\d+)\./.exec(stdout) : null
  return found === null ? undefined : Number(found[1])
}

const serves = (path) => (version(path) ?? 0) >= leastVersion

/** The first file of this name in PATH. */
function inPath(name) {
  for (const part of (process.env.PATH ?? '').split(delimiter)) {
    if (part !== '' && existsSync(join(part, name))) return join(part, name)
  }
  return undefined
}

function find() {
  const candidates = [inPath('redis-server'), existsSync(linked) ? linked : undefined]
  return candidates.find((path) => path !== undefined && serves(path))
}

/**
 * The package redis-server would leave a service running. redis-tools does not, and its redis-check-rdb is the same
 * program, which goes by the name it is called by.
 */
async function install() {
  const script = 'apt-get update -q && apt-get install -q -y --no-install-recommends redis-tools'
  await run('sh', ['-c', script], { env: { DEBIAN_FRONTEND: 'noninteractive' } })
  const program = inPath('redis-check-rdb')
  if (program === undefined || existsSync(linked)) return
  mkdirSync(folder, { recursive: true })
  symlinkSync(program, linked)
}

/** The path of a redis-server of version 7 or later. Rejects with one sentence about how to get one. */
export async function redisServer() {
  const named = process.env.REDIS_SERVER
  if (named) {
    if (serves(named)) return named
    throw new Error(`REDIS_SERVER=${named} is no redis-server of version ${leastVersion} or later`)
  }
  let reason = ''
  let path = find()
  if (path === undefined && process.getuid?.() === 0 && inPath('apt-get') && inPath('flock')) {
    // Test files run side by side, and apt-get does not wait for another one in all it does.
    const self = join(root, 'scripts/redis-server.mjs')
    await run('flock', [join(root, 'node_modules/.apt.lock'), process.execPath, self, '--install']).catch((error) => {
      reason = `; apt-get failed: ${error.message}`
    })
    path = find()
  }
  if (path === undefined)
    throw new Error(`There is no redis-server of version ${leastVersion} or later: ${ways}${reason}`)
  return path
}

async function main() {
  try {
    if (!process.argv.includes('--install')) console.log(await redisServer())
    else if (find() === undefined) await install()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) void main()
