import type { RequestTarget } from './cache-key.js'
import type { ExchangeTimes, Request, Response } from './messages.js'
import type { RuleOptions } from './options.js'
import { selectingValue } from './selecting-fields.js'
import { isKeepable } from './stored-response.js'
import type { NotStored } from './storing.js'

/** No cache key begins like that: these have the scheme of a URL, a number or a sign in front. */
export const tapePrefix = 'tape:'

/** Fields that ask for another answer than the request without them has: a part, or none if nothing has changed. */
const askingOtherwise = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since'
] as const

/** Why an answer is not recorded; `undefined` if it is, unless the store fails. */
export function refusalToRecord(
  response: Response,
  times: ExchangeTimes,
  key: string | undefined,
  isWhole: boolean,
  bodyBytes: number,
  maxBytes: number
): NotStored | undefined {
  if (!isWhole) return no('MSG-02', 'it did not end well')
  if (key === undefined) return no('KEY-05', 'there is no key for the request')
  if (!isKeepable(response, times)) return no('SEC-05', 'its head could not be told from a damaged one')
  return bodyBytes > maxBytes ? no('MSG-03', 'it is too long') : undefined
}

/**
 * The key under which the answers to a request are recorded: requests with the same key are taken for the same. `content`
 * is the digest of what the request sends, `null` if it sends nothing. `undefined` if a normaliser failed.
 */
export function tapeKey(
  target: RequestTarget,
  request: Request,
  content: string | null,
  options: RuleOptions
): string | undefined {
  const { connection, origin, path, partition } = target
  const asked: (readonly [name: string, value: string])[] = []
  for (const name of new Set([...askingOtherwise, ...options.keyFields])) {
    const value = selectingValue(name, request, options)
    if (value === undefined) return undefined
    if (value !== null) asked.push([name, value])
  }
  return tapePrefix + JSON.stringify([partition, connection.text, request.method, origin.text + path, content, asked])
}

function no(requirement: string, reason: string): NotStored {
  return { store: false, requirement, reason }
}
