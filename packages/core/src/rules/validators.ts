import { type FieldMap, single, trimmed } from './fields.js'
import { parseHttpDate } from './http-date.js'
import type { EpochMilliseconds } from './messages.js'

/** What a response can be validated with. RFC 9110 §8.8. */
export interface Validators {
  /** An entity tag as received, if it fits the grammar. */
  readonly etag: string | undefined
  /** `Last-Modified` as received, if it is a date. */
  readonly lastModified: string | undefined
  readonly lastModifiedAt: EpochMilliseconds | undefined
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: opaque-tag is defined by what it may not contain
const entityTag = /^(?:W\/)?"[^"\u0000-\u0020\u007f]*"$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const nextTag = /[ \t,]*((?:W\/)?"[^"\u0000-\u0020\u007f]*")[ \t]*(?:,|$)/y
const onlySeparators = /^[ \t,]*$/

/** The validators of a response that may be sent, matched and compared (VAL-03). */
export function validators(fields: FieldMap, responseTime: EpochMilliseconds): Validators {
  const etag = single(fields, 'etag')
  const lastModified = single(fields, 'last-modified')
  const at = typeof lastModified === 'string' ? parseHttpDate(lastModified, responseTime) : undefined
  return {
    etag: typeof etag === 'string' && isEntityTag(etag) ? etag : undefined,
    lastModified: at === undefined ? undefined : (lastModified as string),
    lastModifiedAt: at
  }
}

export function isUsable({ etag, lastModified }: Validators): boolean {
  return etag !== undefined || lastModified !== undefined
}

export function isEntityTag(text: string): boolean {
  return entityTag.test(text)
}

export function isStrong(etag: string): boolean {
  return etag.charCodeAt(0) === 0x22
}

/** Weak comparison: the same but for `W/`. RFC 9110 §8.8.3.2. */
export function weaklyEqual(one: string, other: string): boolean {
  return opaqueTag(one) === opaqueTag(other)
}

/** The tags of an `If-None-Match`; `'*'` as such; `undefined` if it does not follow the grammar. RFC 9110 §13.1.2. */
export function parseTagList(value: string): '*' | readonly string[] | undefined {
  if (trimmed(value) === '*') return '*'
  const tags: string[] = []
  nextTag.lastIndex = 0
  while (nextTag.lastIndex < value.length) {
    const { lastIndex } = nextTag
    const found = nextTag.exec(value)
    if (found === null) return onlySeparators.test(value.slice(lastIndex)) && tags.length > 0 ? tags : undefined
    tags.push(found[1] as string)
  }
  return tags.length > 0 ? tags : undefined
}

function opaqueTag(etag: string): string {
  return isStrong(etag) ? etag : etag.slice(2)
}
