import type { Mark, StoredResponse } from '@cc/core'
import { sampleResponse } from '@cc/core/testing'

export const NOW = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

/** A response of no special kind. */
export function response(changes: Partial<StoredResponse> = {}): StoredResponse {
  return sampleResponse({
    key: 'a key',
    slot: '0',
    id: '00',
    fields: [['Date', 'Thu, 01 Jan 2026 00:00:00 GMT']],
    requestTime: NOW,
    responseTime: NOW,
    dropAt: NOW + HOUR,
    ...changes
  })
}

export function mark(changes: Partial<Mark> = {}): Mark {
  return { value: '0123456789abcdef', at: NOW, dropAt: NOW + HOUR, ...changes }
}
