import type { Settings } from '../read-options.js'
import type { Fields } from '../rules/messages.js'
import type { ExplainedRequest, ExplainedResponse } from './explanation.js'
import { type ReadRequest, readRequest } from './read-request.js'
import { inMode } from './request-mode.js'
import { rawFields } from './response-fields.js'

/**
 * A request that is to be explained, as the cache would read it.
 *
 * @throws TypeError for what is no request that HTTP knows
 */
export function readExplained(
  { url, method = 'GET', headers, cacheMode, body }: ExplainedRequest,
  settings: Settings
): ReadRequest {
  if (!URL.canParse(String(url))) throw new TypeError('explain: not an absolute URL')
  const { origin, pathname, search } = new URL(url)
  const opts = { origin, path: pathname + search, method, headers: headers ?? null, body: (body as string) ?? null }
  const given = readRequest(opts, settings.origin)
  if (given.request === undefined) throw new TypeError('explain: not a request that HTTP knows')
  return cacheMode === undefined ? given : inMode(given, cacheMode)
}

/** Field lines in any of the shapes that they are given in. */
export function fieldLines(headers: ExplainedResponse['headers']): Fields {
  if (Array.isArray(headers) && headers.every((member) => typeof member === 'string')) return rawFields(headers)
  const pairs =
    Symbol.iterator in headers ? [...(headers as Iterable<readonly [string, string]>)] : Object.entries(headers)
  return pairs.flatMap(([name, value]) => {
    if (value === undefined) return []
    return Array.isArray(value) ? value.map((line) => [name, line] as const) : [[name, String(value)] as const]
  })
}
