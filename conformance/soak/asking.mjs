// One request of the soak: what is asked, how it goes wrong, and whether what came is right.
import { request } from 'undici'
import { isBodyOf, kindOf, kinds } from './content.mjs'
import { pick } from './random.mjs'

const kindShares = {
  fresh: 45,
  short: 15,
  swr: 8,
  error: 4,
  vary: 12,
  'no-store': 4,
  silent: 4,
  absent: 4,
  big: 2,
  'too-big': 0.1
}
const faultShares = { fin: 2, rst: 2, chunks: 2, status: 1, reset: 1, stall: 0.3, 'no head': 0.3 }
const abortShares = {
  'at once': 1,
  soon: 2,
  'without reading': 2,
  'mid-body': 2,
  'by signal mid-body': 2,
  dumped: 1,
  held: 1
}
/** A tenth of the requests each. */
const share = 0.1
const variants = 48
const stalledMs = 60
const noop = () => {}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Draws what to ask for next. */
export function plan(random) {
  const kind = pick(random, kindShares)
  // The low numbers are asked for most.
  const n = Math.floor(random() ** 2 * kinds[kind].count)
  const method = pick(random, { GET: 93, HEAD: 4, POST: 3 })
  const fault = random() < share ? pick(random, faultShares) : undefined
  const abort = random() < share ? pick(random, abortShares) : undefined
  const variant = kind === 'vary' ? `l-${Math.floor(random() ** 2 * variants)}` : ''
  const turns = Math.floor(random() * 6)
  const goesPast = fault !== undefined && random() < 0.8
  return { path: `/${kind}/${n}`, method, fault, abort, variant, turns, goesPast }
}

/** What an exchange must be, and how it went; throws what the request failed with. */
export async function ask(origin, dispatcher, planned, steadySignal) {
  const { path, method, fault, abort, variant, turns, goesPast } = planned
  const aborting = abort === undefined ? undefined : new AbortController()
  const stalls = fault === 'stall' || fault === 'no head'
  const headers = {}
  if (variant !== '') headers['accept-language'] = variant
  if (fault !== undefined) headers['x-fault'] = fault
  if (goesPast) headers['cache-control'] = 'no-cache'
  const answer = request(origin + path, {
    dispatcher,
    method,
    headers,
    signal: aborting?.signal ?? steadySignal,
    ...(stalls && { headersTimeout: stalledMs, bodyTimeout: stalledMs })
  })
  answer.catch(noop)
  if (abort === 'at once' || abort === 'soon') {
    for (let i = 0; abort === 'soon' && i < turns; i++) await turn()
    aborting.abort()
  }
  const { statusCode, headers: received, body } = await answer
  body.on('error', noop)
  const version = Number(received['x-version'])
  const check = (bytes, isWhole) => {
    if (method === 'HEAD' || method === 'POST' || statusCode === 503) return
    const { status = 200 } = kindOf(path)
    if (statusCode !== status || !isBodyOf(bytes, isWhole, path, version, variant))
      throw new WrongResponse(planned, version)
  }
  switch (abort) {
    case 'without reading':
      body.destroy()
      return { end: 'aborted' }
    case 'held':
      for (let i = 0; i < turns; i++) await turn()
      body.destroy()
      return { end: 'aborted' }
    case 'dumped':
      await body.dump({ limit: 1_000 })
      return { end: 'aborted' }
    case 'mid-body':
    case 'by signal mid-body':
      for await (const chunk of body) {
        check(chunk, false)
        if (abort === 'mid-body') break
        aborting.abort()
      }
      return { end: 'aborted' }
    default:
      check(Buffer.from(await body.arrayBuffer()), true)
      return { end: 'complete', status: statusCode, version }
  }
}

/** A response that is not what the origin ever had there. */
export class WrongResponse extends Error {
  constructor(planned, version) {
    super(`wrong response: ${JSON.stringify(planned)}, version ${version}`)
  }
}
