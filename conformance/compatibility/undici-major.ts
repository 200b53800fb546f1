import * as undici from 'undici'

/** The major version of undici that the tests run on. */
export const undiciMajor: 7 | 8 = 'Dispatcher1Wrapper' in undici ? 8 : 7
