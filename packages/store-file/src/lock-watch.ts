import fs from 'node:fs'
import { staleMs } from './lock-file.js'

/** Where the platform tells of changes this only finds the dead; elsewhere it is all there is. */
const pollMs = 500

/** Tells once when the lock at `path` is given back, or its holder has died. Returns how to stop that. */
export function watchLock(folder: string, path: string, ended: () => void): () => void {
  let watcher: fs.FSWatcher | undefined
  let isStopped = false
  const stop = () => {
    isStopped = true
    watcher?.close()
    clearInterval(timer)
  }
  const check = () => {
    fs.lstat(path, (error, stats) => {
      if (isStopped || (error === null && stats.mtimeMs >= Date.now() - staleMs)) return
      stop()
      ended()
    })
  }
  const timer = setInterval(check, pollMs)
  // Who waits has a time limit, and that keeps the process alive.
  timer.unref()
  try {
    watcher = fs.watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || path.endsWith(name)) check()
    })
    watcher.on('error', () => watcher?.close())
  } catch {
    // There are no more watchers to be had, or none at all on this file system.
  }
  // It may have been given back before anybody watched.
  check()
  return stop
}
