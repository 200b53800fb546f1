import type { Assessed } from './assessment.js'
import type { Marks } from './invalidation.js'
import type { Request, StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'
import { matchesSelecting, selectingValue } from './selecting-fields.js'

/** A stored response that may answer a request. Of many under one key, only those that match are looked at closely. */
export interface Candidate {
  readonly stored: StoredResponse
  /** Keys and values of the marks it depends on. */
  readonly marks: Assessed['marks']
  /** What the rules need to know of it, worked out when first asked for; `undefined` if this cache may not use it. */
  assessed(): Assessed | undefined
}

/** What is stored for a request, and which invalidations there were. */
export interface Candidates {
  readonly stored: readonly Candidate[]
  /** Value of each mark there is, by its key. */
  readonly marks: Marks
}

/** From so many on they are looked up instead of compared one by one. */
const minIndexed = 3
const indexes = new WeakMap<Candidates['stored'], VariantIndex>()

/**
 * The candidates that `request` selects, in their order. With many variants this takes no longer than with few: each
 * field of the request is looked at once, however many values of it are stored. RFC 9111 §4.1.
 */
export function selectedBy(request: Request, { stored }: Candidates, options: RuleOptions): readonly Candidate[] {
  if (stored.length >= minIndexed) return indexOf(stored).find(request, options)
  let matching = 0
  for (const candidate of stored) if (matches(candidate, request, options)) matching++
  if (matching === stored.length) return stored
  return stored.filter((candidate) => matches(candidate, request, options))
}

function matches({ stored }: Candidate, request: Request, options: RuleOptions): boolean {
  return stored.selecting.length === 0 || matchesSelecting(stored.selecting, request, options)
}

function indexOf(stored: Candidates['stored']): VariantIndex {
  let index = indexes.get(stored)
  if (index === undefined) {
    index = new VariantIndex(stored)
    indexes.set(stored, index)
  }
  return index
}

/** Candidates that are selected by the same names, by the values they have. */
interface Group {
  readonly names: readonly string[]
  readonly byValues: Map<string, Candidate[]>
}

/** Candidates by what selects them. Nearly always all of them have the same names: those of one `Vary`. */
class VariantIndex {
  readonly #stored: Candidates['stored']
  readonly #groups: readonly Group[]

  constructor(stored: Candidates['stored']) {
    this.#stored = stored
    const groups = new Map<string, Group>()
    for (const candidate of stored) {
      const { selecting } = candidate.stored
      const names = selecting.map(([name]) => name)
      const groupName = joined(names)
      const { byValues } = groups.get(groupName) ?? { byValues: new Map<string, Candidate[]>() }
      if (byValues.size === 0) groups.set(groupName, { names, byValues })
      const values = joined(selecting.map(([, value]) => value))
      const same = byValues.get(values)
      if (same === undefined) byValues.set(values, [candidate])
      else same.push(candidate)
    }
    this.#groups = [...groups.values()]
  }

  find(request: Request, options: RuleOptions): readonly Candidate[] {
    let found: readonly Candidate[] = []
    for (const { names, byValues } of this.#groups) {
      const values: (string | null)[] = []
      for (const name of names) {
        const value = selectingValue(name, request, options)
        if (value === undefined) break
        values.push(value)
      }
      const selected = values.length === names.length ? byValues.get(joined(values)) : undefined
      if (selected !== undefined) found = found.length === 0 ? selected : this.#inOrder([...found, ...selected])
    }
    return found
  }

  #inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
    const chosen = new Set(candidates)
    return this.#stored.filter((candidate) => chosen.has(candidate))
  }
}

/** One text for several, from which they can be told again: no other list gives the same. */
function joined(texts: readonly (string | null)[]): string {
  let all = ''
  for (const text of texts) all += text === null ? '-' : `${text.length}:${text}`
  return all
}
