import type { Dispatcher } from 'undici'
import { Caller } from './caller.js'
import { Forward } from './forward.js'
import { Relay } from './relay.js'

const storesNothing = { copy: undefined, ended() {} }

/** Sends a request on that the cache leaves alone. */
export function passBy(
  dispatch: Dispatcher.Dispatch,
  opts: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler
): boolean {
  const caller = new Caller(handler)
  if (!caller.isBareLegacy) return dispatch(opts, handler)
  const forward = new Forward(
    caller,
    { received: (response) => new Relay(caller, response, storesNothing), failed: (error) => caller.fail(error) },
    Date.now,
    () => {}
  )
  return dispatch(withoutHttp2(opts), forward)
}

/** undici's old handlers know only HTTP/1: without this, undici 8 would use HTTP/2 for them. */
export function withoutHttp2(opts: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
  return Object.assign({ ...opts }, { allowH2: false })
}
