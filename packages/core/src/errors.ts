/** By these symbols undici's error classes know their own, whichever copy of undici made them. */
const isUndiciError = Symbol.for('undici.error.UND_ERR')
const isAbortError = Symbol.for('undici.error.UND_ERR_ABORT')
const isRequestAborted = Symbol.for('undici.error.UND_ERR_ABORTED')

/** The caller aborted without giving a reason; the same error, to `instanceof` too, that undici itself gives then. */
export class RequestAbortedError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'UND_ERR_ABORTED'
  readonly [isUndiciError] = true
  readonly [isAbortError] = true
  readonly [isRequestAborted] = true

  constructor() {
    super('Request aborted')
  }
}

/** With `tape: 'replay'`: this request has no answer that was recorded. It was not sent. */
export class TapeMissError extends Error {
  override readonly name = 'TapeMissError'
  readonly code = 'CC_TAPE_MISS'

  /** Case-sensitive, as sent. */
  readonly method: string
  /** Without userinfo and fragment, the values of `redactQuery` as `***`. */
  readonly url: string

  constructor({ method, url }: { readonly method: string; readonly url: string }, why: string) {
    super(`tape: 'replay': ${why}: ${method} ${url}`)
    this.method = method
    this.url = url
  }
}

/** With `tape`: what this request sends cannot be read before it is sent, and so not be told from other content. It was not sent. */
export class TapeContentError extends Error {
  override readonly name = 'TapeContentError'
  readonly code = 'CC_TAPE_CONTENT'

  constructor(problem: string) {
    super(`tape: the content of a request is read before it is sent: ${problem}`)
  }
}

/** No store was given and the default one is not installed. */
export class NoStoreError extends Error {
  override readonly name = 'NoStoreError'
  readonly code = 'CC_NO_STORE'

  constructor(cause: unknown) {
    super(
      'cacheInterceptor() was given no store, and @cc/store-dict is not installed: install it (npm install @cc/store-dict), or pass a store of your own as { store }',
      { cause }
    )
  }
}

/** A request in mode `only-if-cached` found nothing that may be served (MODE-05). */
export class NotCachedError extends Error {
  override readonly name = 'NotCachedError'
  readonly code = 'CC_NOT_CACHED'

  constructor() {
    super("nothing is stored that may be served, and cacheMode 'only-if-cached' forbids to ask the origin")
  }
}

/** An operation on the cache itself that the store cannot do, or failed to do. */
export class StoreOperationError extends Error {
  override readonly name = 'StoreOperationError'
  readonly code = 'CC_STORE_OPERATION'

  constructor(
    /** Such as `clear`. */
    readonly operation: string,
    problem: string,
    options?: ErrorOptions
  ) {
    super(`${operation}: ${problem}`, options)
  }
}
