import type { AboutRequest } from './events.js'

/** An answer that was to be recorded is missing in the recording: who records is to know. */
export function warnNotRecorded({ method, url }: AboutRequest, reason: string): void {
  process.emitWarning(`The answer to ${method} ${url} was not recorded: ${reason}.`, {
    type: 'CacheTapeWarning',
    code: 'CC_NOT_RECORDED'
  })
}

/** Recordings are for tests; in production a forgotten option would serve them, or fill a store with secrets. */
export function warnOfTape(mode: 'record' | 'replay'): void {
  if (process.env.NODE_ENV !== 'production') return
  process.emitWarning(`cacheInterceptor: tape: '${mode}' is for tests, and NODE_ENV is production.`, {
    type: 'CacheTapeWarning',
    code: 'CC_TAPE_IN_PRODUCTION'
  })
}
