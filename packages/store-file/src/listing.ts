import type { Disk } from './disk.js'
import { keptKeyOf } from './key-file.js'
import type { Layout } from './layout.js'
import { turnAfter } from './resting.js'
import { maxSealedBytes } from './sealed.js'
import { run } from './steps.js'
import type { Survey } from './survey.js'

/** Every key that something is kept under, a folder at a time. */
export async function* listKeys(layout: Layout, disk: Disk, survey: Survey): AsyncGenerator<string> {
  for (const folder of await survey.folders()) {
    for (const [n, { hash }] of (await survey.look(folder)).entries()) {
      await turnAfter(n)
      const content = await run(disk.read(layout.keyFile(hash), maxSealedBytes))
      const key = content && keptKeyOf(content.bytes, hash)
      if (key !== undefined) yield key
    }
  }
}
