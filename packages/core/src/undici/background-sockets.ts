import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * Lets a process end while nothing is under way in it but validations in the background (STALE-04).
 *
 * undici keeps the process alive as long as it waits for an answer, and has no option for that. So a connection that
 * carries nothing but our request is let go of, and held again while any other request is under way.
 */
export class BackgroundSockets {
  /** Our requests, and the connections they were sent over. */
  readonly #ours = new Map<object, Socket | undefined>()
  /** Requests of others that were made since. */
  readonly #others = new Set<object>()
  #made: object | undefined
  #isMaking = false

  /** Sends a request that is not to keep the process alive. What it answers with is to be called when that is over. */
  send(dispatch: () => void): () => void {
    if (this.#ours.size === 0) this.#listen(subscribe)
    this.#made = undefined
    this.#isMaking = true
    try {
      dispatch()
    } finally {
      this.#isMaking = false
    }
    const request = this.#made
    if (request === undefined) this.#stopIfIdle()
    return () => {
      if (request === undefined) return
      hold(this.#ours.get(request))
      this.#ours.delete(request)
      this.#stopIfIdle()
    }
  }

  readonly #created: ChannelListener = (message) => {
    const { request } = message as { request: object }
    if (this.#isMaking && this.#made === undefined) {
      this.#made = request
      this.#ours.set(request, undefined)
      return
    }
    this.#others.add(request)
    for (const socket of this.#ours.values()) hold(socket)
  }

  readonly #sent: ChannelListener = (message) => {
    const { request, socket } = message as { request: object; socket: Socket }
    if (!this.#ours.has(request)) return
    this.#ours.set(request, socket)
    this.#letGo(socket)
  }

  readonly #over: ChannelListener = (message) => {
    const { request } = message as { request: object }
    if (!this.#others.delete(request)) return
    for (const socket of this.#ours.values()) this.#letGo(socket)
  }

  #letGo(socket: Socket | undefined): void {
    if (isAlive(socket) && this.#others.size === 0 && carriesOneRequest(socket)) socket.unref()
  }

  #listen(how: typeof subscribe | typeof unsubscribe): void {
    how('undici:request:create', this.#created)
    how('undici:client:sendHeaders', this.#sent)
    how('undici:request:trailers', this.#over)
    how('undici:request:error', this.#over)
  }

  #stopIfIdle(): void {
    if (this.#ours.size > 0) return
    this.#others.clear()
    this.#listen(unsubscribe)
  }
}

function hold(socket: Socket | undefined): void {
  if (isAlive(socket)) socket.ref()
}

/** One that is destroyed would note down each call, to make up for it when it connects, which it never will. */
function isAlive(socket: Socket | undefined): socket is Socket {
  return socket !== undefined && !socket.destroyed
}

/** Whether the client of a connection has one request in all, sent or waiting. If that cannot be told it counts as no. */
function carriesOneRequest(socket: Socket): boolean {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description !== 'client') continue
    const client = (socket as unknown as Record<symbol, { stats?: { size?: number } } | undefined>)[symbol]
    return client?.stats?.size === 1
  }
  return false
}
