import { besideBytes, type KeptResponse, writeKeyFile } from './key-file.js'

/** What goes into the file of a key, and what has to go elsewhere. */
export interface Fitted {
  /** Newest first. */
  readonly kept: readonly KeptResponse[]
  readonly file: Buffer
  /** Whose bodies no longer fit into that file. */
  readonly leaving: readonly { readonly id: string; readonly body: Uint8Array }[]
}

/**
 * Of all responses that are wanted under a key those that there is room for, newest first; the bodies of the newest lie
 * beside them. `undefined` if there is not even room for one.
 */
export function fitIntoFile(key: string, wanted: readonly KeptResponse[]): Fitted | undefined {
  const newestFirst = [...wanted].sort((a, b) => b.response.responseTime - a.response.responseTime)
  const leaving: { id: string; body: Uint8Array }[] = []
  let room = besideBytes
  const kept = newestFirst.map((one): KeptResponse => {
    const { response, body } = one
    if (body === undefined) return one
    if (body.byteLength > room) {
      leaving.push({ id: response.id, body })
      return { response, body: undefined }
    }
    room -= body.byteLength
    return one
  })
  for (let count = kept.length; count > 0; count--) {
    const fitting = kept.slice(0, count)
    const file = writeKeyFile(key, fitting)
    if (file === undefined) continue
    const ids = new Set(fitting.map(({ response: { id } }) => id))
    return { kept: fitting, file, leaving: leaving.filter(({ id }) => ids.has(id)) }
  }
  return undefined
}
