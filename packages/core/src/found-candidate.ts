import type { Assessed } from './rules/assessment.js'
import type { Candidate } from './rules/candidates.js'
import type { StoredResponse } from './rules/messages.js'

/** A response as a store found it, which is looked at closely when somebody asks for it, and once. */
export class FoundCandidate implements Candidate {
  readonly stored: StoredResponse
  readonly marks: Candidate['marks']
  /** The body that came with it. */
  readonly body: Uint8Array | undefined
  readonly #assess: (found: FoundCandidate) => Assessed | undefined
  #assessed: Assessed | undefined
  #isAssessed = false

  constructor(
    stored: StoredResponse,
    marks: Candidate['marks'],
    body: Uint8Array | undefined,
    assess: (found: FoundCandidate) => Assessed | undefined
  ) {
    this.stored = stored
    this.marks = marks
    this.body = body
    this.#assess = assess
  }

  /** What is known of it so far. */
  get known(): Assessed | undefined {
    return this.#assessed
  }

  assessed(): Assessed | undefined {
    if (!this.#isAssessed) {
      this.#assessed = this.#assess(this)
      this.#isAssessed = true
    }
    return this.#assessed
  }
}
