import type { Assessed } from './assessment.js'
import { parseContentLength } from './framing.js'
import type { Fields, Request } from './messages.js'
import type { RuleOptions } from './options.js'
import {
  askedRange,
  type Extent,
  extentIn,
  holdsIfRange,
  partFields,
  totalBytes,
  unsatisfiableFields
} from './ranges.js'
import { applies, type Traced, untraced } from './trace.js'
import { isNotModified, notModifiedFields } from './validation.js'

/** In which form the caller gets a stored response that may be served. */
export type AnswerForm =
  /** As it was stored. */
  | { readonly action: 'whole' }
  /** A 304: the caller has it (VAL-07). */
  | { readonly action: 'not-modified' }
  /** A 206 with some of its bytes (RNG-02). */
  | { readonly action: 'part'; readonly extent: Extent }
  /** A 416: it has no such bytes (RNG-04). */
  | { readonly action: 'unsatisfiable' }

const whole: AnswerForm = { action: 'whole' }
const notModified: AnswerForm = { action: 'not-modified' }
const unsatisfiable: AnswerForm = { action: 'unsatisfiable' }

/** The request's own preconditions first, then its range. RFC 9110 §13.2.2. */
export function answerForm(request: Request, selected: Assessed, options: Traced = untraced): AnswerForm {
  if (request.isPlain) return whole
  if (applies(options, 'VAL-07', isNotModified(request, selected))) return notModified
  const asked = askedRange(request)
  if (typeof asked === 'string') return whole
  const { status, bodyBytes, part } = selected.stored
  if (applies(options, 'RNG-07', status !== 200 && part === undefined)) return whole
  if (applies(options, 'RNG-03', bodyBytes === 0)) return whole
  if (applies(options, 'SEC-05', !hasItsLength(selected))) return whole
  if (applies(options, 'RNG-06', !holdsIfRange(request, selected))) return whole
  const extent = extentIn(asked, totalBytes(selected.stored))
  applies(options, 'RNG-04', extent === undefined)
  if (extent === undefined) return unsatisfiable
  applies(options, 'RNG-02', true)
  return { action: 'part', extent }
}

/**
 * Whether a stored response has the length it was sent with, as far as it says. A whole body is compared with its length
 * when it is opened; of a slice nobody could tell that what it is said to be cut from is not there (SEC-05).
 */
function hasItsLength({ stored, fields }: Assessed): boolean {
  const length = stored.part === undefined ? parseContentLength(fields) : undefined
  return length === undefined || length === stored.bodyBytes
}

/** How many bytes of the stored body the answer to `method` has in that form. */
export function bytesInForm(form: AnswerForm, method: string, { stored }: Assessed): number {
  switch (form.action) {
    case 'whole':
      return method === 'HEAD' ? 0 : stored.bodyBytes
    case 'part':
      return form.extent.last - form.extent.first + 1
    case 'not-modified':
    case 'unsatisfiable':
      return 0
    default:
      return form satisfies never
  }
}

/** What the head of a response in that form is made of, given the stored fields. */
export function headInForm(
  form: AnswerForm,
  { stored }: Assessed,
  fields: Fields,
  options: Pick<RuleOptions, 'targetedFields'>
): { readonly status: number; readonly statusText: string; readonly fields: Fields } {
  const { status, statusText } = stored
  switch (form.action) {
    case 'whole':
      return { status, statusText, fields }
    case 'not-modified':
      return { status: 304, statusText: 'Not Modified', fields: notModifiedFields(fields, options) }
    case 'part':
      return { status: 206, statusText: 'Partial Content', fields: partFields(fields, form.extent, totalBytes(stored)) }
    case 'unsatisfiable':
      return {
        status: 416,
        statusText: 'Range Not Satisfiable',
        fields: unsatisfiableFields(fields, totalBytes(stored))
      }
    default:
      return form satisfies never
  }
}
