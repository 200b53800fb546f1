// A registry of packages on this machine, for rehearsals: it knows what is published to it, and asks nobody.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'
import { nodeBinary } from './node-binary.mjs'
import { root, run } from './steps.mjs'

/** Verdaccio wants a newer Node than the least one that is supported here. */
const node = '24'
const scope = '@cc'

async function verdaccio() {
  const folder = join(root, 'node_modules/.cache/verdaccio')
  const program = join(folder, 'node_modules/verdaccio/bin/verdaccio')
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    // It asks for a version by a tag, which not every registry has.
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, overrides: { 'node-fetch': '^2.7.0' } })
    )
    await run('npm', ['install', 'verdaccio@6', '--no-audit', '--no-fund'], { cwd: folder })
  }
  return program
}

/** Starts it with its data in `folder`: `{ env, npmrc, stop }`, variables and a file that lead to it. */
export async function startRegistry(folder) {
  const port = await freePort()
  const config = join(folder, 'config.yaml')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(folder, 'storage'),
      auth: { htpasswd: { file: join(folder, 'htpasswd') } },
      packages: { '**': { access: '$all', publish: '$all' } },
      max_body_size: '50mb',
      log: { type: 'stdout', format: 'pretty', level: 'warn' }
    })
  )
  const child = fork(await verdaccio(), ['--config', config, '--listen', `http://127.0.0.1:${port}`], {
    execPath: await nodeBinary(node),
    silent: true
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-10_000)
    })
  }
  const exit = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    process.off('exit', kill)
    kill()
    await exit
  }
  const failed = exit.then(([code]) => Promise.reject(new Error(`the registry ended with ${code}:\n${log}`)))
  failed.catch(() => {})
  // It tells its parent when it listens.
  await Promise.race([once(child, 'message'), failed])
  const url = `http://127.0.0.1:${port}/`
  return {
    env: [`npm_config_registry=${url}`, `npm_config_${scope}:registry=${url}`],
    npmrc: `${scope}:registry=${url}\n//127.0.0.1:${port}/:_authToken=anybody\n`,
    stop
  }
}
