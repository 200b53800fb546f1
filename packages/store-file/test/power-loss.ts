import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesIn, temporaryFolder } from './folder.js'
import { mounted } from './mounts.js'

const run = (command: string, ...args: readonly string[]) => void execFileSync(command, args, { stdio: 'pipe' })

/** A file system of its own whose disk is a file: `snapshot` mounts what the disk would hold if the power went now. */
export class Disk {
  readonly #home = temporaryFolder()
  readonly folder = join(this.#home, 'mounted')
  #snapshots = 0

  /** `undefined` where file systems cannot be made or mounted; a line says why. */
  static make(): Disk | undefined {
    const disk = new Disk()
    const image = join(disk.#home, 'image')
    mkdirSync(disk.folder)
    run('truncate', '-s', '96M', image)
    try {
      run('mkfs.ext4', '-q', '-F', image)
    } catch (error) {
      process.stdout.write(`mkfs.ext4 is not possible here (${(error as Error).message}): files are torn by hand\n`)
      return undefined
    }
    if (!mounted(['-o', 'loop', image, disk.folder], disk.folder)) return undefined
    return disk
  }

  /** Where to find what would be there after a loss of power. */
  snapshot(): string {
    const name = join(this.#home, `snapshot-${++this.#snapshots}`)
    mkdirSync(name)
    run('cp', '--sparse=always', join(this.#home, 'image'), `${name}.image`)
    // Like a disk after a loss of power, it has a journal to be gone through.
    if (!mounted(['-o', 'loop', `${name}.image`, name], name)) throw new Error('the second mount failed')
    return join(name, 'cache')
  }
}

/** Files with names but without content, or with zeros in it, as a loss of power leaves them. */
export function tear(folder: string): void {
  for (const [n, { path, stats }] of filesIn(folder).entries()) {
    if (n % 3 === 0) writeFileSync(path, '')
    if (n % 3 === 1) writeFileSync(path, Buffer.alloc(stats.size))
  }
}
