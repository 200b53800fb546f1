import { isPromise, whenReady } from './awaitable.js'
import { isAtHand, release } from './body.js'
import type { Budget } from './budget.js'
import type { Lookup } from './look-ups.js'
import { PieceDigests } from './piece-digests.js'
import type { Combination, Segment } from './rules/combining.js'
import { extentOf } from './rules/ranges.js'
import type { Awaitable, Body } from './store.js'
import type { StoredResponses } from './stored-responses.js'

/** Stores parts of one version as one response, and removes them where it is stored. Whether it is. */
export function storeCombined(
  responses: StoredResponses,
  lookup: Lookup,
  { segments, bodyBytes, head }: Combination,
  budget: Budget
): Awaitable<boolean> {
  return whenReady(openAll(responses, lookup, segments, budget), (bodies) => {
    if (bodies === undefined) return false
    const digests = responses.makesDigests ? new PieceDigests() : undefined
    const body = digests === undefined && bodies.every(isAtHand) ? bodies.flatMap(piecesOf) : digesting(bodies, digests)
    const marks = responses.invalidations.marksOfParts(
      lookup,
      segments.map(({ from }) => from)
    )
    const complete = () => responses.complete(lookup, head, { bodyBytes, digests: digests?.end() }, marks)
    return whenReady(responses.store.set(lookup.key.key, body, complete), (isStored) => {
      for (const { from } of segments) if (isStored && from.stored.slot !== head.slot) responses.remove(lookup, from)
      return isStored
    })
  })
}

/** What the segments give, in their order; `undefined` if not all of it can be had. */
export function openAll(
  responses: StoredResponses,
  lookup: Lookup,
  segments: readonly Segment[],
  budget: Budget
): Awaitable<readonly Body[] | undefined> {
  const opening = segments.map(({ from, extent }) => {
    const { first } = extentOf(from.stored)
    const range = { first: extent.first - first, last: extent.last - first }
    return responses.openBody(lookup, from, budget, range)
  })
  return whenReady(opening.some(isPromise) ? Promise.all(opening) : (opening as (Body | undefined)[]), (bodies) => {
    const had = bodies.filter((body) => body !== undefined)
    if (had.length === bodies.length) return had
    for (const body of had) release(body)
    return undefined
  })
}

function piecesOf(body: Body): Uint8Array[] {
  return body instanceof Uint8Array ? [body] : [...(body as Iterable<Uint8Array>)]
}

async function* digesting(bodies: readonly Body[], digests: PieceDigests | undefined): AsyncGenerator<Uint8Array> {
  let opened = 0
  try {
    for (const body of bodies) {
      opened++
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        digests?.add(chunk)
        yield chunk
      }
    }
  } finally {
    for (const body of bodies.slice(opened)) release(body)
  }
}
