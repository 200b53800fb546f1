import type { Dispatcher } from 'undici'
import type { Settings } from '../read-options.js'
import { type CacheKey, requestTarget } from '../rules/cache-key.js'
import { readQuery } from './read-query.js'
import { type ReadRequest, readRequest } from './read-request.js'
import { requestKey } from './request-key.js'
import { partitionOf } from './request-view.js'

/** A request, as far as it decides under which key answers to it are stored. */
export interface AskedFor {
  readonly url: string | URL
  /** @defaultValue `'GET'` */
  readonly method?: Dispatcher.HttpMethod | 'QUERY'
  /** As undici takes them; of use where `Host`, `keyFields` or `partition` look at them. */
  readonly headers?: Dispatcher.DispatchOptions['headers']
  /** The content of a QUERY, which is part of its key. */
  readonly body?: string | Uint8Array
}

/**
 * The key of a URL, or of a request.
 *
 * @param partition - where it is named; else the option `partition` says it of a request
 * @throws TypeError for what is no URL that HTTP knows, or where the partition cannot be told
 */
export function keyOf(
  operation: string,
  asked: string | URL | AskedFor,
  partition: string | undefined,
  settings: Settings
): CacheKey {
  const isUrl = typeof asked === 'string' || asked instanceof URL
  const read = readTarget(operation, isUrl ? { url: asked } : asked, settings)
  const { connection, origin, path } = read.target
  const name = partition ?? partitionNamed(operation, read, isUrl, settings)
  const target = requestTarget(connection, origin, path, name)
  const query = read.request.method === 'QUERY' ? readQuery(read.opts, settings.queryBodyLimit) : undefined
  const key = isUrl ? target.key : requestKey(target, read.request, query, settings.rules)
  if (key === undefined) throw new TypeError(`${operation}: nothing can be stored for this request`)
  return key
}

function readTarget(operation: string, asked: AskedFor, settings: Settings): ReadRequest {
  const { url, method = 'GET', headers = null, body = null } = asked
  if (!URL.canParse(String(url))) throw new TypeError(`${operation}: not an absolute URL`)
  const { origin, pathname, search } = new URL(url)
  const opts = { origin, path: pathname + search, method, headers, body }
  const read = readRequest(opts, settings.origin)
  if (read.request === undefined) throw new TypeError(`${operation}: not a request that HTTP knows`)
  return read
}

function partitionNamed(operation: string, read: ReadRequest, isUrl: boolean, settings: Settings): string {
  if (isUrl && settings.partition !== undefined) {
    throw new TypeError(`${operation}: the cache has parts: name one as { partition }, or give a request`)
  }
  const name = partitionOf(settings, read)
  if (name === undefined) throw new TypeError(`${operation}: the option partition names no part for this request`)
  return name
}
