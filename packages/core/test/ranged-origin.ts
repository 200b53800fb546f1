import type { OriginAnswer } from './answers.js'
import type { ReceivedRequest } from './origin.js'

/** A representation with as much of ranges and preconditions as the cache has to do with. */
export class Representation {
  body: string
  fields: Record<string, string>

  constructor(body: string, fields: Record<string, string>) {
    this.body = body
    this.fields = fields
  }

  /** What an origin that knows ranges answers. RFC 9110 §13.2.2. */
  readonly answer = ({ headers }: Pick<ReceivedRequest, 'headers'>): OriginAnswer => {
    const { body, fields } = this
    const whole: OriginAnswer = { fields, body }
    if (fields.ETag !== undefined && headers['if-none-match']?.includes(fields.ETag))
      return { status: 304, fields, body: '' }
    const validator = headers['if-range']
    const isCurrent = validator === undefined || validator === fields.ETag || validator === fields['Last-Modified']
    const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
    if (from === undefined || to === undefined || !isCurrent) return whole
    if (from !== '' && to !== '' && Number(to) < Number(from)) return whole
    const first = from === '' ? Math.max(0, body.length - Number(to)) : Number(from)
    const last = from === '' || to === '' ? body.length - 1 : Math.min(Number(to), body.length - 1)
    if (first >= body.length) return { status: 416, fields: { 'Content-Range': `bytes */${body.length}` }, body: '' }
    const range = { 'Content-Range': `bytes ${first}-${last}/${body.length}` }
    return { status: 206, fields: { ...fields, ...range }, body: body.slice(first, last + 1) }
  }
}
