import { basename } from 'node:path'
import { isBusy, isInTheWay, NotAFolderError } from './disk-errors.js'
import { isFanOutFolder } from './layout.js'

/** So many are told of at most, and no more are remembered. */
const maxTold = 1_000

/**
 * Paths of the cache in which something lies that it cannot replace. What would lie there is not stored. That is told once
 * for each: they concern one key, and are no reason to leave the whole store alone for a while.
 */
export class TakenPaths {
  readonly #told = new Set<string>()

  /** @throws PathTakenError at the first time, and `error` if it is of another kind */
  tell(error: unknown): void {
    const path = takenPathOf(error)
    if (path === undefined) throw error
    if (this.#told.has(path) || this.#told.size >= maxTold) return
    this.#told.add(path)
    throw new PathTakenError(path, error)
  }
}

/** Where something could not be put because of what lies there; `undefined` if that was not the reason. */
function takenPathOf(error: unknown): string | undefined {
  // Of folders that all keys need, each operation tells.
  if (error instanceof NotAFolderError) return isFanOutFolder(basename(error.path)) ? error.path : undefined
  const isTaken = isInTheWay(error) || isBusy(error)
  return isTaken ? (error as NodeJS.ErrnoException & { dest?: string }).dest : undefined
}

/** Something lies in the place of a file of the cache that cannot be replaced. */
export class PathTakenError extends Error {
  override readonly name = 'PathTakenError'
  readonly code = 'CC_PATH_TAKEN'

  constructor(
    readonly path: string,
    cause: unknown
  ) {
    super(`something that cannot be replaced lies at ${path}`, { cause })
  }
}
