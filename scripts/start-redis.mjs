import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'
import { redisServer } from './redis-server.mjs'

/** Starts a redis-server of its own that keeps nothing on disk: `{ port, pid, stop }`. */
export async function startRedis(...args) {
  const folder = mkdtempSync(join(tmpdir(), 'cc-redis-'))
  const port = await freePort()
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn(await redisServer(), [...common, '--enable-debug-command', 'yes', ...args], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exit = once(child, 'exit')
  const stop = async () => {
    process.off('exit', kill)
    child.kill('SIGKILL')
    await exit
    rmSync(folder, { recursive: true, force: true })
  }
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let log = ''
  await Promise.race([
    exit.then(() => Promise.reject(new Error(`redis-server ended:\n${log}`))),
    new Promise((resolve) =>
      child.stdout.setEncoding('utf8').on('data', (text) => {
        log = (log + text).slice(-10_000)
        if (log.includes('Ready to accept connections')) resolve()
      })
    )
  ])
  return { port, pid: child.pid, stop }
}
