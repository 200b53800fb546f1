import { assess } from './assessment.js'
import type { RequestTarget } from './cache-key.js'
import { fieldMap, single } from './fields.js'
import type { Framing } from './framing.js'
import type { ExchangeTimes, Request, Response } from './messages.js'
import type { RuleOptions } from './options.js'
import type { RequestControl } from './request-control.js'
import { keepsOut } from './request-decision.js'
import { decideStoring, type NotStored, type StoringDecision } from './storing.js'

/** What a URI reference without a fragment is made of; anything else, URL parsers would mend. RFC 3986 §4.1. */
const uriReference = /^[\w!$%&'()*+,\-./:;=?@[\]~]+$/

/** Whether an answer to this request may be stored as one to GET, whatever it is. */
export function mayAnswerGet(request: Request, control: RequestControl, options: RuleOptions): boolean {
  if (request.method !== 'POST' || !options.storePostAsGet || !options.methods.has('GET')) return false
  return control.mode !== 'only-if-cached' && keepsOut(request, control, options) === undefined
}

/**
 * May the answer to a POST be stored as one to a GET of its target? Only if the origin says that it is the same, and for
 * how long (METH-05). RFC 9110 §9.3.3.
 */
export function decideStoringPost(
  request: Request,
  target: RequestTarget,
  response: Response,
  times: ExchangeTimes,
  framing: Framing,
  options: RuleOptions
): StoringDecision {
  if (response.status !== 200) return no(`status ${response.status} to a POST is not stored`)
  const location = single(fieldMap(response.fields), 'content-location')
  if (typeof location !== 'string' || !isUriOf(target, location)) {
    return no('content-location is not the URI that the POST went to')
  }
  const decision = decideStoring({ ...request, method: 'GET' }, response, times, framing, options)
  if (!decision.store) return decision
  const { lifetime, heuristic } = assess(
    { formatVersion: 1, key: '', id: '', bodyBytes: 0, marks: {}, ...decision.head },
    options
  )
  return lifetime > 0 && !heuristic ? decision : no('it does not say for how long it is fresh')
}

/** Whether a reference leads to exactly the target URI. RFC 9110 §8.7. */
function isUriOf({ origin, path }: RequestTarget, reference: string): boolean {
  const uri = origin.text + path
  if (!uriReference.test(reference) || !URL.canParse(reference, uri)) return false
  return new URL(reference, uri).href === uri
}

function no(reason: string): NotStored {
  return { store: false, requirement: 'METH-05', reason }
}
