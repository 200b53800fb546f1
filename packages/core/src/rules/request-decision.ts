import { hasPrecondition } from './cache-mode.js'
import type { ForwardReason } from './cache-status.js'
import { breaksLines, isToken, maxFieldValueLength } from './fields.js'
import type { Request, RequestFields } from './messages.js'
import { isCacheable, isSafe } from './methods.js'
import type { RuleOptions } from './options.js'
import { askedRange } from './ranges.js'
import { type RequestControl, type Unanswered, unanswered } from './request-control.js'
import { applies } from './trace.js'

/** What a request is, before anything stored is looked at: Table A, rows 1 to 6. */
export type RequestDecision =
  | { readonly action: 'bypass'; readonly reason: ForwardReason; readonly requirement: string }
  | { readonly action: 'forward-unsafe' }
  | Unanswered
  | { readonly action: 'forward'; readonly reason: ForwardReason }
  | { readonly action: 'look-up' }

/** What is known of a request besides its fields. */
export interface RequestFacts {
  readonly hasContent: boolean
  readonly isUpgrade: boolean
}

const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const lookUp = { action: 'look-up' } as const

/** What is done with a request whatever is stored. Without a key nothing can be stored for it, or be invalidated by it. */
export function decideRequest(
  request: Request,
  control: RequestControl,
  facts: RequestFacts,
  hasKey: boolean,
  options: RuleOptions
): RequestDecision {
  const { method } = request
  if (isCacheable(method)) {
    const decision = decideRead(request, control, facts, hasKey, options)
    return decision.action === 'look-up' ? decision : (unanswered(control, options) ?? decision)
  }
  if (applies(options, 'METH-02', method === 'CONNECT')) return bypass('bypass', 'METH-02')
  if (applies(options, 'METH-02', !isSafe(method))) {
    return applies(options, 'KEY-05', !hasKey) ? bypass('bypass', 'KEY-05') : { action: 'forward-unsafe' }
  }
  applies(options, 'METH-01', true)
  return bypass('method', 'METH-01')
}

function decideRead(
  request: Request,
  control: RequestControl,
  facts: RequestFacts,
  hasKey: boolean,
  options: RuleOptions
): RequestDecision {
  const { method } = request
  const isQuery = method === 'QUERY'
  const keyRule = isQuery ? 'QRY-02' : 'KEY-05'
  if (applies(options, 'METH-02', facts.isUpgrade)) return bypass('bypass', 'METH-02')
  if (applies(options, 'METH-01', !options.methods.has(method))) return bypass('method', 'METH-01')
  if (applies(options, keyRule, !hasKey)) return bypass('bypass', keyRule)
  if (applies(options, 'METH-06', facts.hasContent && !isQuery)) return bypass('bypass', 'METH-06')
  if (request.isPlain) return lookUp
  const { fields } = request
  if (applies(options, 'METH-02', fields.has('upgrade'))) return bypass('bypass', 'METH-02')
  const requirement = keepsOut(request, control, options)
  if (requirement !== undefined) return bypass('bypass', requirement)
  if (applies(options, 'RNG-05', isForOriginAlone(request, options))) return bypass('bypass', 'RNG-05')
  if (isQuery && applies(options, 'QRY-03', fields.has('range'))) return bypass('bypass', 'QRY-03')
  const isForOrigin = fields.has('if-match') || fields.has('if-unmodified-since')
  if (applies(options, 'VAL-12', isForOrigin)) return { action: 'forward', reason: 'bypass' }
  return applies(options, 'MODE-01', control.mode === 'reload') ? { action: 'forward', reason: 'request' } : lookUp
}

/** The requirement by which this request is not looked up, and nothing of its answer stored, whatever its method. */
export function keepsOut(
  { fields, isPlain }: Request,
  { directives, mode }: RequestControl,
  options: RuleOptions
): string | undefined {
  if (isPlain) return undefined
  if (applies(options, 'MODE-01', mode === 'no-store')) return 'MODE-01'
  if (applies(options, 'MODE-02', mode === 'default' && hasPrecondition(fields))) return 'MODE-02'
  if (applies(options, 'REQ-05', directives.noStore)) return 'REQ-05'
  if (applies(options, 'METH-06', overrides.some(fields.has, fields))) return 'METH-06'
  const isTooLong = (fields.get('cache-control')?.length ?? 0) > maxFieldValueLength
  if (applies(options, 'SEC-04', isTooLong)) return 'SEC-04'
  if (applies(options, 'SEC-01', hasMalformedLine(fields))) return 'SEC-01'
  const barsAuthorized = options.type === 'shared' && options.bypassAuthorized
  return applies(options, 'AUTH-02', barsAuthorized && fields.has('authorization')) ? 'AUTH-02' : undefined
}

function hasMalformedLine(fields: RequestFields): boolean {
  for (const [name, value] of fields) if (!isToken(name) || breaksLines(value)) return true
  return false
}

/** Whether it asks for ranges that are not cut here (RNG-01, RNG-05). */
function isForOriginAlone(request: Request, { ranges }: RuleOptions): boolean {
  if (ranges === 'off') return request.method === 'GET' && request.fields.has('range')
  return askedRange(request) === 'foreign'
}

function bypass(reason: ForwardReason, requirement: string): RequestDecision {
  return { action: 'bypass', reason, requirement }
}
