import { type CacheMode, fieldsToAdd } from '../rules/cache-mode.js'
import { type ReadRequest, withFields } from './read-request.js'

/** A request as its mode has it sent on (MODE-01). */
export function inMode(read: ReadRequest, mode: CacheMode): ReadRequest {
  const { request, opts } = read
  const added = fieldsToAdd(mode, request.fields)
  const fields = added.length === 0 ? request.fields : new Map([...request.fields, ...added])
  return { ...read, request: { ...request, fields, isPlain: false }, opts: withFields(opts, added) }
}
