import { type CacheStatus, cacheStatusMember } from '../rules/cache-status.js'
import type { Head } from './caller.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'
import { addField } from './response-fields.js'

const name = 'Cache-Status'

/** A head with one field line more: what came before, readable or not, stays as it is. */
class StatusHead implements Head {
  readonly #head: Head
  readonly #member: string

  constructor(head: Head, member: string) {
    this.#head = head
    this.#member = member
  }

  get status(): number {
    return this.#head.status
  }

  get statusText(): string {
    return this.#head.statusText
  }

  headers(): ReturnType<Head['headers']> {
    const lower = name.toLowerCase()
    const headers = { ...this.#head.headers() } as Record<string, string | string[]>
    const before = headers[lower]
    // The list is perhaps somebody else's, too.
    if (Array.isArray(before)) headers[lower] = [...before]
    addField(headers, lower, this.#member)
    return headers
  }

  rawHeaders(): ReturnType<Head['rawHeaders']> {
    const raw = this.#head.rawHeaders() as (Buffer | string)[]
    const line = [name, this.#member]
    const lines = typeof raw[0] === 'string' ? line : line.map((text) => Buffer.from(text, 'latin1'))
    return [...raw, ...lines] as Buffer[]
  }
}

/** The head with a member of `Cache-Status` more, where one is wanted (CS-01). RFC 9211 §2. */
export function withStatus({ asked, cache, waitedInVain }: Exchange, head: Head, status: CacheStatus): Head {
  const { cacheStatus, cacheStatusKey } = cache.settings
  if (cacheStatus === undefined) return head
  const key = cacheStatusKey ? asked.key.key : undefined
  const collapsed = status.collapsed ?? (waitedInVain ? false : undefined)
  return new StatusHead(head, cacheStatusMember(cacheStatus, { ...status, collapsed, key }))
}

/** Has a response from the network passed on with a member of `Cache-Status` more, where one is wanted. */
export function showStatus(exchange: Exchange, response: NetworkResponse, status: CacheStatus): void {
  if (exchange.cache.settings.cacheStatus === undefined) return
  response.shown = withStatus(exchange, response.head, { forwardStatus: response.status, ...status })
}

/** The same of a request that has no exchange: it passes the cache by. */
export function showBypass(cacheStatus: string, response: NetworkResponse, reason: CacheStatus['reason']): void {
  response.shown = new StatusHead(
    response.head,
    cacheStatusMember(cacheStatus, { reason, forwardStatus: response.status })
  )
}
