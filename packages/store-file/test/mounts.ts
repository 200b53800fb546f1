import { execFileSync } from 'node:child_process'
import { afterwards } from './folder.js'

/**
 * Mounts something until the test is over. `false`, and a line that says why, where that is not possible.
 *
 * @param at - where to unmount afterwards, unless it is something that is mounted there already
 */
export function mounted(args: readonly string[], at: string | undefined): boolean {
  try {
    execFileSync('mount', args, { stdio: 'pipe' })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer }
    const why = String(stderr || message).trim()
    process.stdout.write(`mounting is not possible here (${why}): the same fault is made without it\n`)
    return false
  }
  if (at !== undefined) afterwards(() => void execFileSync('umount', ['-l', at], { stdio: 'pipe' }))
  return true
}
