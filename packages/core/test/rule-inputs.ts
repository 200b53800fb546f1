import type { CacheOptions } from '@cc/core'
import { readOptions } from '../src/read-options.js'
import type { Assessed } from '../src/rules/assessment.js'
import type { Candidates } from '../src/rules/candidates.js'
import { type FieldMap, fieldMap } from '../src/rules/fields.js'
import type { FieldLine, Fields, Request, StoredResponse } from '../src/rules/messages.js'
import type { RuleOptions } from '../src/rules/options.js'
import { digest } from '../src/stored-responses.js'

/** When the exchanges of tests take place, unless they say otherwise. */
export const noon = Date.parse('2026-01-05T12:00:00Z')

/** What the rules are told by these options, defaults included. */
export function rules(options: CacheOptions = {}): RuleOptions {
  return readOptions(options, digest).rules
}

export function requestWith(fields: Readonly<Record<string, string>> = {}, method = 'GET'): Request {
  return { method, fields: new Map(Object.entries(fields)) }
}

export function mapOf(...lines: FieldLine[]): FieldMap {
  return fieldMap(lines)
}

/** The time, some seconds from noon, as an HTTP-date. */
export function httpDate(seconds = 0): string {
  return new Date(noon + seconds * 1000).toUTCString()
}

/** A response to GET stored at noon. */
export function storedWith(fields: Fields, changes: Partial<StoredResponse> = {}): StoredResponse {
  return {
    formatVersion: 1,
    key: 'http://a.example/',
    slot: 'get',
    id: '0123456789abcdef0123456789abcdef',
    method: 'GET',
    status: 200,
    statusText: 'OK',
    fields,
    selecting: [],
    requestTime: noon,
    responseTime: noon,
    dropAt: noon + 86_400_000,
    bodyBytes: 4,
    marks: { 'http://a.example/': '' },
    ...changes
  }
}

/** What a look-up found, as the rules are given it. */
export function candidatesOf(found: readonly Assessed[], marks: Candidates['marks'] = new Map()): Candidates {
  return { stored: found.map((assessed) => ({ ...assessed, assessed: () => assessed })), marks }
}
