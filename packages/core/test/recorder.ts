import type { Dispatcher } from 'undici'

/** What the handlers of undici 7 are told by, and the ones before them. */
export type Generation = 'new' | 'legacy'

export const generations: readonly Generation[] = ['new', 'legacy']

/** What a handler may do with the exchange, in the words of neither generation. */
export interface Control {
  /** Holds what follows back; a legacy handler does so by what it returns. */
  pause(): void
  resume(): void
  abort(reason?: Error): void
}

export type Step = 'start' | 'head' | 'data' | 'end' | 'error'

/** Called at each step that the handler is told of; what it throws the handler throws. */
export type OnStep = (step: Step, control: Control, recorder: Recorder) => void

/** A handler of either generation that writes down what it is told. */
export class Recorder {
  /** Such as `start`, `head 200`, `data 5`, `end`, `error`. */
  readonly events: string[] = []
  readonly chunks: Uint8Array[] = []
  readonly errors: unknown[] = []
  status = 0
  statusText = ''
  headers: Record<string, string | string[] | undefined> = {}
  /** As the handler was given them; only legacy handlers and controllers have them. */
  rawHeaders: readonly unknown[] = []
  trailers: unknown
  /** Steps that came while another was still going on, an error apart, or after a pause, or after the end. */
  readonly misplaced: string[] = []
  /** Resolves at the end and at an error. */
  readonly over: Promise<void>
  readonly handler: Dispatcher.DispatchHandler
  readonly #onStep: OnStep
  readonly #waiting: { event: string; resolve: () => void }[] = []
  #finish = () => {}
  #isTelling = false
  #isPaused = false
  #isOver = false
  #abort: (reason?: Error) => void = () => {}
  #resume: () => void = () => {}
  #controller: Dispatcher.DispatchController | undefined

  constructor(generation: Generation, onStep: OnStep = () => {}) {
    this.#onStep = onStep
    this.over = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.handler = generation === 'new' ? this.#newHandler() : this.#legacyHandler()
  }

  readonly control: Control = {
    pause: () => {
      this.#isPaused = true
      this.#controller?.pause()
    },
    resume: () => {
      this.#isPaused = false
      if (this.#controller !== undefined) this.#controller.resume()
      else this.#resume()
    },
    abort: (reason) => {
      if (this.#controller !== undefined) this.#controller.abort(reason as Error)
      else this.#abort(reason)
    }
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  /** Resolves when the event was seen for the first time. */
  seen(event: string): Promise<void> {
    if (this.events.includes(event)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ event, resolve }))
  }

  #newHandler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: (controller) => {
        this.#controller = controller
        this.#tell('start', 'start')
      },
      onResponseStart: (controller, status, headers, statusText) => {
        Object.assign(this, { status, headers, statusText, rawHeaders: controller.rawHeaders ?? [] })
        this.#tell('head', `head ${status}`)
      },
      onResponseData: (_controller, chunk) => {
        this.chunks.push(Uint8Array.from(chunk))
        this.#tell('data', `data ${chunk.byteLength}`)
      },
      onResponseEnd: (_controller, trailers) => {
        this.trailers = trailers
        this.#tell('end', 'end')
      },
      onResponseError: (_controller, error) => {
        this.errors.push(error)
        this.#tell('error', 'error')
      }
    }
  }

  #legacyHandler(): Dispatcher.DispatchHandler {
    return {
      onConnect: (abort) => {
        this.#abort = abort
        this.#tell('start', 'start')
      },
      onHeaders: (status, rawHeaders, resume, statusText) => {
        this.#resume = resume
        Object.assign(this, { status, rawHeaders, statusText })
        this.#tell('head', `head ${status}`)
        return !this.#isPaused
      },
      onData: (chunk) => {
        this.chunks.push(Uint8Array.from(chunk))
        this.#tell('data', `data ${chunk.byteLength}`)
        return !this.#isPaused
      },
      onComplete: (trailers) => {
        this.trailers = trailers
        this.#tell('end', 'end')
      },
      onError: (error) => {
        this.errors.push(error)
        this.#tell('error', 'error')
      }
    }
  }

  #tell(step: Step, event: string): void {
    this.events.push(event)
    if (this.#isOver) this.misplaced.push(`${event} after the end`)
    if (step !== 'error' && this.#isTelling) this.misplaced.push(`${event} within another step`)
    if ((step === 'data' || step === 'end') && this.#isPaused) this.misplaced.push(`${event} in spite of the pause`)
    const isOutermost = !this.#isTelling
    this.#isTelling = true
    try {
      this.#onStep(step, this.control, this)
    } finally {
      if (isOutermost) this.#isTelling = false
      if (step === 'end' || step === 'error') {
        this.#isOver = true
        this.#finish()
      }
      for (const { resolve } of this.#waiting.filter((waiting) => waiting.event === event)) resolve()
    }
  }
}
