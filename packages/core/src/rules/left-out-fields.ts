import { isUnqualified } from './assessment.js'
import type { Directives } from './cache-control.js'
import { connectionOptions, type FieldMap, isEssential } from './fields.js'
import type { RuleOptions } from './options.js'

/** Whether `Connection` names a field that decides, which the stored copy would be without (FLD-02). */
export function hidesFields(fields: FieldMap, { targetedFields }: Pick<RuleOptions, 'targetedFields'>): boolean {
  return connectionOptions(fields).some(
    (name) => name === 'pragma' || isEssential(name) || targetedFields.includes(name)
  )
}

/** Fields that directives keep out of the stored copy (RESP-02, RESP-03), in lower case. */
export function fieldsLeftOut(directives: Directives, { type }: Pick<RuleOptions, 'type'>): readonly string[] {
  const { noCache, private: isPrivate } = directives
  const left = typeof noCache === 'object' && !isUnqualified(noCache) ? noCache : []
  if (type === 'private' || typeof isPrivate !== 'object' || isUnqualified(isPrivate)) return left
  return left.concat(isPrivate)
}
