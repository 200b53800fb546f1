/** A store that removes nothing was asked to clear itself. */
export class ForeverError extends Error {
  override readonly name = 'ForeverError'
  readonly code = 'CC_FOREVER'

  constructor() {
    super('the store keeps everything forever: remove its folder to clear it')
  }
}

/** Others can write into the folder of a store, and so could make up responses. */
export class UntrustedFolderError extends Error {
  override readonly name = 'UntrustedFolderError'
  readonly code = 'CC_UNTRUSTED_FOLDER'

  constructor(readonly folder: string) {
    super(`others can write into ${folder}; if that is meant to be so, set trustFolder`)
  }
}
