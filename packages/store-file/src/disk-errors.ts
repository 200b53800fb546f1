/** Whether `error` is a failed system call with one of these codes. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** Whether there is nothing to open, or something that is no file: a link, a socket, a device without a driver. */
export function isAbsent(error: unknown): boolean {
  return isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK', 'ENXIO', 'ENODEV')
}

/** Whether somebody else may be using the file just now. */
export function isBusy(error: unknown): boolean {
  return isCode(error, 'EPERM', 'EBUSY', 'EACCES')
}

/** Whether something of another kind lies where a file is to be put. */
export function isInTheWay(error: unknown): boolean {
  return isCode(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')
}

/** A file is not as long as what was written into it. */
export class ShortWriteError extends Error {
  override readonly name = 'ShortWriteError'
  readonly code = 'CC_SHORT_WRITE'

  constructor(
    readonly bytes: number,
    readonly expectedBytes: number
  ) {
    super(`the file has ${bytes} bytes instead of ${expectedBytes}`)
  }
}

/** Something else lies where a folder of the cache should be. */
export class NotAFolderError extends Error {
  override readonly name = 'NotAFolderError'
  readonly code = 'CC_NOT_A_FOLDER'

  constructor(readonly path: string) {
    super(`${path} is no folder`)
  }
}

/** A folder was moved or removed while something was to be made in it. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
  readonly code = 'ENOENT'

  constructor(readonly path: string) {
    super(`${path} is not there any more`)
  }
}
