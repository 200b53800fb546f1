import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { isCode } from './disk-errors.js'

/** Who has not been heard of for so long is taken for dead. It survives pauses, and costs others no more than work. */
export const staleMs = 30_000
const updateMs = 5_000

/** What is done as soon as the library has kept a lock alive, which it does only if nobody else has taken it. */
const onceKeptAlive = new Map<string, () => void>()
/** One for all: the library tries out the precision of times once for each that it is given. */
const watchedFs = {
  ...fs,
  utimes(path: string, accessed: fs.TimeLike, modified: fs.TimeLike, done: fs.NoParamCallback): void {
    fs.utimes(path, accessed, modified, (error) => {
      done(error)
      if (error === null) onceKeptAlive.get(path)?.()
    })
  }
}

/** A lock that this process has, or had. */
export class LockFile {
  readonly #path: string
  readonly #inode: number
  readonly #release: () => Promise<void>
  readonly #loss: { isLost: boolean }
  readonly #timer: NodeJS.Timeout
  #hasStoodStill = false
  #aliveAt = performance.now()

  constructor(path: string, inode: number, release: () => Promise<void>, loss: { isLost: boolean }) {
    this.#path = path
    this.#inode = inode
    this.#release = release
    this.#loss = loss
    this.#timer = setInterval(() => this.#live(), updateMs)
    this.#timer.unref()
  }

  /** Whether nobody has taken it over. By the time of the answer somebody may have: nothing may depend on it. */
  async isHeld(): Promise<boolean> {
    this.#live()
    if (this.#hasStoodStill || this.#loss.isLost) return false
    try {
      return (await fs.promises.lstat(this.#path)).ino === this.#inode
    } catch {
      return false
    }
  }

  async release(): Promise<void> {
    try {
      if (await this.isHeld()) await this.#release()
      else this.#releaseLater()
    } catch {
      // It was lost meanwhile, or goes stale.
    } finally {
      clearInterval(this.#timer)
    }
  }

  /**
   * If nobody has taken it over, the library would keep it alive for ever. It looks whose it is before it does so: after
   * that it can be given back.
   */
  #releaseLater(): void {
    if (this.#loss.isLost) return
    onceKeptAlive.set(this.#path, () => {
      onceKeptAlive.delete(this.#path)
      this.#release().catch(() => {})
    })
  }

  /** Who was stopped for so long has been taken for dead. The lock of the next may even have the same inode. */
  #live(): void {
    const now = performance.now()
    if (now - this.#aliveAt > staleMs) this.#hasStoodStill = true
    this.#aliveAt = now
  }
}

/**
 * Takes the lock at `path` if nobody has it, and keeps it alive; `'taken'` if somebody does.
 * @throws if there can be no lock
 */
export async function takeLock(path: string, onLost: () => void = () => {}): Promise<LockFile | 'taken'> {
  const taken = await tryLock(path, onLost)
  if (taken !== 'taken' || !(await removeFromTheFuture(path))) return taken
  return tryLock(path, onLost)
}

async function tryLock(path: string, onLost: () => void): Promise<LockFile | 'taken'> {
  // Only who takes a lock pays for the library, and for the listeners for signals that it adds to the process.
  const { default: lockfile } = await import('proper-lockfile')
  const loss = { isLost: false }
  try {
    const release = await lockfile.lock(path, {
      lockfilePath: path,
      realpath: false,
      retries: 0,
      stale: staleMs,
      update: updateMs,
      fs: watchedFs,
      // Called from a timer, also after a release: what it throws would end the process.
      onCompromised: () => {
        loss.isLost = true
        onceKeptAlive.delete(path)
        onLost()
      }
    })
    return new LockFile(path, await inodeOf(path, release), release, loss)
  } catch (error) {
    if (isCode(error, 'ELOCKED')) return 'taken'
    throw error
  }
}

/** Of a lock that was just taken, and is given back if that cannot be told: the library would keep it alive for ever. */
async function inodeOf(path: string, release: () => Promise<void>): Promise<number> {
  try {
    return (await fs.promises.lstat(path)).ino
  } catch (error) {
    await release().catch(() => {})
    throw error
  }
}

/**
 * A lock that was kept alive by a clock ahead of ours would not be stale before that time has come. Of those who see it
 * one moves it away. Whether there was such a lock.
 */
async function removeFromTheFuture(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await fs.promises.lstat(path)
    if (mtimeMs <= Date.now() + staleMs) return false
    const aside = `${path}.${randomBytes(16).toString('hex')}`
    await fs.promises.rename(path, aside)
    await fs.promises.rmdir(aside)
    return true
  } catch {
    return false
  }
}
