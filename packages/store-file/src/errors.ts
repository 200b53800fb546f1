/** A store that removes nothing was asked to clear itself. */
export class ForeverError extends Error {
  override readonly name = 'ForeverError'
  readonly code = 'CC_FOREVER'

  constructor() {
    super('the store keeps everything forever: remove its folder to clear it')
  }
}
