import { execFile } from 'node:child_process'
import { join } from 'node:path'

const script = join(__dirname, '../../../../scripts/redis-server.mjs')
let found: Promise<string> | undefined

/** The path of the redis-server that tests start, installed first where that may be done. */
export function redisServer(): Promise<string> {
  found ??= new Promise((resolve, reject) => {
    execFile(process.execPath, [script], (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim())
      else reject(new Error(stderr.trim() || error.message))
    })
  })
  return found
}
