import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** Runs a script of this folder in a process of its own; what it prints is JSON. */
export function runChild<T>(script: string, args: readonly string[], nodeOptions: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const command = [...nodeOptions, join(__dirname, script), ...args]
    execFile(process.execPath, command, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${script} failed: ${error.message}\n${stderr}`))
      else resolve(JSON.parse(stdout))
    })
  })
}
