import type { Content } from './content.js'
import type { KeptResponse } from './key-file.js'

/** What the shortest file takes on most file systems, and what others are a multiple of. */
const shortestFile = 4_096

export function sizeOnDisk(fileBytes: number): number {
  return Math.ceil(fileBytes / shortestFile) * shortestFile
}

/** What a body will take, with the file of its key. */
export function sizeToBe({ bytes, length }: Content): number {
  return bytes === undefined ? shortestFile + sizeOnDisk(length) : sizeOnDisk(length + 1)
}

/** What the file of a key takes, with the bodies that have files of their own. */
export function bytesOnDisk(fileBytes: number, kept: readonly KeptResponse[]): number {
  let bytes = sizeOnDisk(fileBytes)
  for (const { response, body } of kept) if (body === undefined) bytes += sizeOnDisk(response.bodyBytes)
  return bytes
}
