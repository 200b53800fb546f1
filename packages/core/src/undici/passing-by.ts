import type { Dispatcher } from 'undici'
import { Caller } from './caller.js'
import { Forward } from './forward.js'
import type { NetworkResponse } from './network-response.js'
import { Relay } from './relay.js'

const storesNothing = { copy: undefined, ended() {} }

/** Sends a request on that the cache leaves alone. `answered` hears of the answer before the caller does. */
export function passBy(
  dispatch: Dispatcher.Dispatch,
  opts: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  answered?: (response: NetworkResponse) => void
): boolean {
  const caller = new Caller(handler)
  if (answered === undefined && !caller.isBareLegacy) return dispatch(opts, handler)
  const forward = new Forward(
    caller,
    {
      received: (response) => {
        answered?.(response)
        return new Relay(caller, response, storesNothing)
      },
      failed: (error) => caller.fail(error)
    },
    Date.now,
    () => {}
  )
  return dispatch(caller.isBareLegacy ? withoutHttp2(opts) : opts, forward)
}

/** undici's old handlers know only HTTP/1: without this, undici 8 would use HTTP/2 for them. */
export function withoutHttp2(opts: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
  return Object.assign({ ...opts }, { allowH2: false })
}
