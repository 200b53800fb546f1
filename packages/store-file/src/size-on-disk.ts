import type { KeptResponse } from './key-file.js'

/** What the shortest file takes on most file systems. */
const blockBytes = 4_096

export function sizeOnDisk(fileBytes: number): number {
  return Math.ceil(fileBytes / blockBytes) * blockBytes
}

/** What the file of a key takes, with the bodies that have files of their own. */
export function bytesOnDisk(fileBytes: number, kept: readonly KeptResponse[]): number {
  let bytes = sizeOnDisk(fileBytes)
  for (const { response, body } of kept) if (body === undefined) bytes += sizeOnDisk(response.bodyBytes)
  return bytes
}
