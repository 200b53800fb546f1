import { isPromise } from '../awaitable.js'
import { release } from '../body.js'
import { TapeMissError } from '../errors.js'
import type { Played, Tape } from '../tape.js'
import { aboutRequest, type Exchange } from './exchange.js'
import { StoredHead } from './serve-stored.js'

/** Plays what was recorded for a request, as it came; the origin is never asked. */
export function replay(exchange: Exchange, tape: Tape, key: string | undefined): void {
  if (key === undefined) return miss(exchange, 'there is no key for this request')
  const found = tape.find(key, tape.nextTurn(key))
  if (!isPromise(found)) return play(exchange, found)
  exchange.caller.start()
  found.then((found) => play(exchange, found))
}

function play(exchange: Exchange, found: Played | 'unreadable' | undefined): void {
  if (found === undefined) return miss(exchange, 'no answer to this request is recorded')
  if (found === 'unreadable') return miss(exchange, 'what is recorded for this request cannot be read')
  const { recording, body } = found
  if (exchange.caller.ended) {
    release(body)
    return exchange.tell({ outcome: 'aborted' })
  }
  const { status, statusText, fields } = recording
  exchange.tell({ outcome: 'hit', status, tape: 'replayed' })
  exchange.play(new StoredHead(status, statusText, fields), body)
}

function miss(exchange: Exchange, why: string): void {
  const { asked, cache, caller } = exchange
  exchange.tell({ outcome: 'miss', tape: 'missing' })
  caller.fail(new TapeMissError(aboutRequest(asked.request, asked.target, cache.settings), why))
}
