/** One wait for a lock that somebody else has. It ends once, with nothing: by its time, its signal, or because it is told to. */
export class LockWait {
  readonly over: Promise<undefined>
  isOver = false
  #resolve: (value: undefined) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  readonly #signal: AbortSignal | undefined

  constructor(signal: AbortSignal | undefined) {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#signal = signal
    signal?.addEventListener('abort', this.end)
    if (signal?.aborted) this.end()
  }

  /** It ends after that time. */
  endIn(ms: number): void {
    if (!this.isOver) this.#timer = setTimeout(this.end, ms)
  }

  readonly end = (): void => {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.end)
    this.#resolve(undefined)
  }
}
