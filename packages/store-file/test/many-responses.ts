import { expect } from '@jest/globals'
import { Client } from './client.js'
import { fillFolder } from './filled-folder.js'
import { temporaryFolder } from './folder.js'
import { Trace } from './strace.js'

const calls = 'openat,getdents64,read,pread64,statx,newfstatat,fstat,unlink,rename,mkdir,write,pwrite64'
const key = 'https://example.org/1'
/** Room for a million. */
const storeOptions = { maxBytes: 64 * 1024 ** 3 }

/** A call that lists responses; what is unfinished lies elsewhere. */
const listing = /getdents64\(\d+<[^>]*\/(entries|marks)(\/[0-9a-f]{3})?>/
/** A call about responses or marks, or how many there are. What is done in the background may come before it, or after it. */
const counting = /\/(entries|marks)\/([0-9a-f]{3}[/">]|usage)/

/** Which calls each operation makes of a folder with so many responses, of which the store has stored a few itself. */
async function callsWith(responses: number, few: number): Promise<Readonly<Record<string, readonly string[]>>> {
  const folder = temporaryFolder()
  const filler = await Client.open(folder, { storeOptions })
  await filler.call('fill', 0, few)
  await filler.kill()
  if (responses > few) await fillFolder(folder, few, responses)
  const client = await Client.start()
  const made = async (work: () => Promise<unknown>) => {
    const trace = await Trace.attach(client.pid, { calls })
    await work()
    await client.call('settle')
    const lines = (await trace.stop()).filter(
      (line) => line.includes(folder) && (counting.test(line) || listing.test(line))
    )
    return lines.map((line) => (listing.test(line) ? 'listing' : (/^\d+ +(\w+)/.exec(line)?.[1] ?? '')))
  }
  return {
    open: await made(() => client.open(folder, { storeOptions })),
    hit: await made(() => client.call('read', key)),
    'another hit': await made(() => client.call('read', key)),
    store: await made(() => client.call('write', key, '01'.padEnd(32, 'f')))
  }
}

/** Asserts that with many responses as many calls are made as with few, and that nothing is listed. */
export async function flat(few: number, many: number): Promise<void> {
  const withFew = await callsWith(few, few)
  const withMany = await callsWith(many, few)
  for (const [what, calls] of Object.entries(withMany)) {
    expect({ what, listed: calls.includes('listing') }).toEqual({ what, listed: false })
    const most = (withFew[what]?.length ?? 0) + 2
    expect({ what, calls, isFlat: calls.length <= most }).toEqual({ what, calls, isFlat: true })
  }
  expect(withMany.hit?.length).toBeGreaterThan(0)
}
