import fs from 'node:fs/promises'
import type { Disk } from './disk.js'
import type { Folder } from './folder.js'
import { type Layout, readTemporaryName } from './layout.js'
import { run } from './steps.js'
import { namesIn } from './survey.js'

const hourMs = 3_600_000
/** After so long a file is left over even if some process has the number of its maker. */
const surelyMs = 24 * hourMs

/**
 * Removes files that were being written when their writer died: nothing was written into them for an hour, and there is
 * no such process on this machine.
 */
export async function sweepTemporary(disk: Disk, folder: Folder, within: string, now: number): Promise<void> {
  for await (const name of namesIn(folder, within)) {
    const maker = readTemporaryName(name)
    if (maker === undefined) continue
    const path = `${within}/${name}`
    const stats = await run(disk.look(path))
    if (!stats?.isFile() || !isLeftOver(now - stats.mtimeMs, maker)) continue
    await run(disk.removeQuietly(path, stats.size))
  }
}

/** Removes locks whose holder has not been heard of for so long that nobody will ask for them again. */
export async function sweepLocks(disk: Disk, folder: Folder, layout: Layout, now: number): Promise<void> {
  for await (const name of namesIn(folder, layout.locks)) {
    if (!layout.isLock(name)) continue
    const path = `${layout.locks}/${name}`
    const stats = await run(disk.look(path))
    if (!stats?.isDirectory() || now - stats.mtimeMs < surelyMs) continue
    // What is in use has something in it, or is none of ours.
    await fs.rmdir(path).catch(() => {})
  }
}

/** Whether something that was last written `ageMs` ago is of no use to a process that is writing it. */
export function isAbandoned(ageMs: number): boolean {
  return ageMs > hourMs
}

function isLeftOver(ageMs: number, maker: number): boolean {
  return ageMs > surelyMs || (isAbandoned(ageMs) && !isRunning(maker))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It is there, and of somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
