import { FormData, Request, type RequestInfo, type RequestInit } from 'undici'

/** A `Request` of another copy of undici, such as the one in Node. */
export interface ForeignRequest {
  readonly url: string
  readonly method: string
  readonly cache: string
}

export function isForeign(input: RequestInfo | ForeignRequest): input is ForeignRequest {
  return typeof input === 'object' && !(input instanceof URL) && !(input instanceof Request)
}

/** The same request, as one of ours. */
export function requestOf(foreign: ForeignRequest): Request {
  const init = { ...propertiesOf(foreign), duplex: 'half' } as RequestInit
  return new Request(foreign.url, init)
}

/** The same form, as one of ours; undici would send the name of its class in place of another one. */
export function formOf(body: RequestInit['body']): RequestInit['body'] {
  if (Object.prototype.toString.call(body) !== '[object FormData]' || body instanceof FormData) return body
  const form = new FormData()
  for (const [name, value] of body as Iterable<[string, string]>) form.append(name, value)
  return form
}

const properties = [
  'body',
  'cache',
  'credentials',
  'headers',
  'integrity',
  'keepalive',
  'method',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal'
]

/** They are getters of a prototype: no spread finds them. */
function propertiesOf(foreign: ForeignRequest): Record<string, unknown> {
  return Object.fromEntries(properties.map((name) => [name, Reflect.get(foreign, name)]))
}
