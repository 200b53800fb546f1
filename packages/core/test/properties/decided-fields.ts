import type { FieldLine, Request } from '../../src/rules/messages.js'
import { decideStoring } from '../../src/rules/storing.js'
import { httpDate, noon, rules } from '../rule-inputs.js'

export const options = [
  rules({ targetedFields: ['CDN-Cache-Control'] }),
  rules({ type: 'private', sharedSetCookie: 'rfc', storeCloseDelimited: true })
] as const
export const times = { requestTime: noon, responseTime: noon }
export const noFacts = { hasContent: false, isUpgrade: false }
const framing = { framed: false, redirected: false }

export const inResponses = [
  'Cache-Control',
  'CDN-Cache-Control',
  'Cache-Groups',
  'Vary',
  'Age',
  'Date',
  'Expires',
  'ETag',
  'Last-Modified',
  'Connection',
  'Content-Length',
  'Pragma',
  'Set-Cookie',
  'Transfer-Encoding',
  'Location'
]
export const inRequests = [
  'cache-control',
  'pragma',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'range',
  'authorization',
  'cookie',
  'accept-language',
  'foo'
]

/** A response that is stored unless `lines` forbid it. */
export function storing(request: Request, lines: readonly FieldLine[], of: (typeof options)[number]) {
  const others: FieldLine[] = [
    ['Date', httpDate()],
    ['Cache-Control', 'max-age=60'],
    ['ETag', '"a"'],
    ['Content-Length', '4'],
    ['Vary', 'Foo, Accept-Language']
  ]
  const given = new Set(lines.map(([name]) => name.toLowerCase()))
  const fields = [...others.filter(([name]) => !given.has(name.toLowerCase())), ...lines]
  return decideStoring(request, { status: 200, statusText: 'OK', fields }, times, framing, of)
}
