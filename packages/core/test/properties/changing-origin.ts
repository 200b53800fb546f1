import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { ReceivedRequest } from '../origin.js'

export const languages = ['de', 'en'] as const
export type Language = (typeof languages)[number]

/** What is so for all of one run. */
export interface Nature {
  /** Seconds. */
  readonly maxAge: number
  readonly staleWhileRevalidate: number
  /** Beside these two. */
  readonly directive: '' | 'no-cache' | 'no-store' | 'must-revalidate'
  readonly varies: boolean
  readonly isFramed: boolean
  /** The origin answers with what it had when it was asked, and not when it is told to go on. */
  readonly isEarly: boolean
  readonly bytes: number
}

/** What becomes of a request at the origin, or of the rest of its answer. */
export type Release = 'whole' | 'half' | 'cut' | 'error' | 'reset'

/** What the origin had, from when, and until when: positions in the order of what happened, and times. */
export interface Version {
  readonly since: number
  until?: { readonly at: number; readonly time: number }
}

interface Held {
  readonly request: ReceivedRequest
  readonly response: ServerResponse
  /** What it had when it was asked. */
  readonly asked: number
  /** The rest of the answer, once its first half is on its way. */
  rest?: Buffer
}

const apart = 1_009
const noise = Buffer.alloc(500_000)
for (let i = 0, state = 1; i < noise.length; i++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  noise[i] = state >>> 24
}

/** What the body of a version is: no two pieces of any two of them look alike. */
export function bodyOf(version: number, language: string, { bytes }: Nature): Buffer {
  const start = (version * 2 + (language === 'de' ? 1 : 0)) * apart
  return noise.subarray(start, start + bytes + version)
}

/** One resource of an origin that changes, and holds up what it is asked until it is told to go on. */
export class ChangingResource {
  readonly versions: Version[]
  readonly held: Held[] = []
  /** When which POST was answered, by its number. */
  readonly invalidated = new Map<string, number>()
  /** Whether anything went wrong so far, so that it may do so for a caller. */
  hasFailed = false

  constructor(
    readonly nature: Nature,
    readonly now: () => { readonly at: number; readonly time: number }
  ) {
    this.versions = [{ since: now().at }]
  }

  get version(): number {
    return this.versions.length - 1
  }

  change(): void {
    const now = this.now()
    const last = this.versions[this.version]
    if (last !== undefined) last.until = now
    this.versions.push({ since: now.at })
  }

  receive(request: ReceivedRequest, response: ServerResponse): void {
    this.held.push({ request, response, asked: this.version })
  }

  /** Goes on with one of those that are held. */
  release(index: number, release: Release): void {
    const held = this.held[index % this.held.length]
    if (held === undefined) return
    if (release === 'half' && held.rest === undefined) return this.#begin(held)
    this.held.splice(this.held.indexOf(held), 1)
    if (release === 'whole' || release === 'half') return this.#finish(held)
    this.hasFailed = true
    if (release === 'error' && held.rest === undefined) return void held.response.writeHead(500).end('no')
    if (release === 'cut' && held.rest === undefined) this.#begin(held)
    // Once what was written is on its way.
    setImmediate(() => held.response.destroy())
  }

  #begin(held: Held): void {
    const rest = this.#answer(held)
    held.rest = rest.subarray(rest.length >> 1)
    held.response.flushHeaders()
    held.response.write(rest.subarray(0, rest.length >> 1))
  }

  #finish(held: Held): void {
    held.response.end(held.rest ?? this.#answer(held))
  }

  /** Writes the head; the body. */
  #answer({ request: { method, headers }, response, asked }: Held): Buffer {
    if (method === 'POST') {
      this.change()
      this.invalidated.set(String(headers['x-number']), this.now().at)
      response.writeHead(200)
      return Buffer.from('done')
    }
    const { nature } = this
    const version = nature.isEarly ? asked : this.version
    const language = nature.varies ? (headers['accept-language'] ?? '') : '-'
    const etag = `"${version} ${language}"`
    const whole = bodyOf(version, language, nature)
    response.setHeader('ETag', etag)
    response.setHeader('Cache-Control', cacheControl(nature))
    response.setHeader('Accept-Ranges', 'bytes')
    if (nature.varies) response.setHeader('Vary', 'Accept-Language')
    if (headers['if-none-match']?.includes(etag)) {
      response.writeHead(304)
      return Buffer.alloc(0)
    }
    const range =
      headers['if-range'] === undefined || headers['if-range'] === etag ? rangeOf(headers, whole.length) : undefined
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${whole.length}`)
      response.writeHead(416)
      return Buffer.alloc(0)
    }
    const body = range === undefined ? whole : whole.subarray(range.first, range.last + 1)
    if (range !== undefined) response.setHeader('Content-Range', `bytes ${range.first}-${range.last}/${whole.length}`)
    if (nature.isFramed) response.setHeader('Content-Length', body.length)
    response.writeHead(range === undefined ? 200 : 206)
    return method === 'HEAD' ? Buffer.alloc(0) : body
  }
}

function cacheControl({ maxAge, staleWhileRevalidate, directive }: Nature): string {
  const swr = staleWhileRevalidate > 0 ? `, stale-while-revalidate=${staleWhileRevalidate}` : ''
  return `max-age=${maxAge}${swr}${directive === '' ? '' : `, ${directive}`}`
}

function rangeOf(headers: IncomingHttpHeaders, length: number) {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (from === undefined || to === undefined) return undefined
  const first = from === '' ? Math.max(0, length - Number(to)) : Number(from)
  if (first >= length) return 'unsatisfiable'
  return { first, last: from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1) }
}
