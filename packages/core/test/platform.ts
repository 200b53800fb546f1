import type { createRequire } from 'node:module'
import * as undici from 'undici'

/** The major version of undici that the tests run on. */
export const undiciMajor: 7 | 8 = 'Dispatcher1Wrapper' in undici ? 8 : 7

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Whether Node tells of the ends of HTTP/2 streams: without that, bodies that have no length are not stored (MSG-06). */
export const nodeTellsStreams = major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 17)

/** The realm of Node itself, in which its built-in fetch looks for the global dispatcher; jest's tests live in another. */
const node = fetch.constructor('return process')() as NodeJS.Process
const { createRequire: requireOutside } = node.getBuiltinModule('node:module') as {
  createRequire: typeof createRequire
}

/** The same undici in the realm of Node. */
export const outside = requireOutside(__filename)(undiciMajor === 8 ? 'undici-8' : 'undici') as typeof undici
