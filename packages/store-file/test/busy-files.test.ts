import { beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, temporaryFolder } from './folder.js'
import { needStrace, Trace } from './strace.js'

beforeAll(needStrace, 120_000)

/** As on Windows, where somebody who has just looked at a file keeps others from changing it. */
const refusals = ['EPERM', 'EACCES', 'EBUSY']
// One has its body in a file of its own.
const paths = ['/1000/small', '/600000/large']
const cases = paths.flatMap((path) => refusals.map((error) => [path, error] as const))

/** A response that is stored, and how to have calls fail while something is done to it; `path` is that of a file. */
async function stored(path: string) {
  const folder = temporaryFolder()
  const origin = await FileOrigin.start()
  // strace counts the calls of each thread.
  const client = await Client.open(folder, {}, { env: { UV_THREADPOOL_SIZE: '1' } })
  const right = async (headers: object = {}) => {
    const answer = await client.ask(origin.url(path), { headers })
    expect(origin.faultOf(path, answer)).toBeUndefined()
    return answer.outcome
  }
  await right()
  const [key = ''] = await client.call<string[]>('keys')
  const files = () =>
    filesIn(folder).flatMap(({ path, name }) => (/\/[0-9a-f]{3}\/[0-9a-f]{64}/.test(name) ? [path] : []))
  /** The lines about such calls. */
  const whileFailing = async (inject: string, work: () => Promise<unknown>, only?: readonly string[]) => {
    const [calls = ''] = inject.split(':')
    const trace = await Trace.attach(client.pid, { calls, inject, ...(only !== undefined && { paths: only }) })
    await work()
    await client.call('settle')
    return trace.stop()
  }
  return { client, key, right, files, whileFailing }
}

/** How often each call failed, whatever thread made it. */
function attempts(lines: readonly string[]): number[] {
  const counts = new Map<string, number>()
  const unfinished = new Map<string, string>()
  for (const line of lines) {
    // Lines of another thread may come between the two halves of one.
    const [, thread = '', begun, told = ''] = /^(\d+) +(?:(.*) <unfinished|(?:<[^>]*>)?(.*)$)/.exec(line) ?? []
    if (begun !== undefined) unfinished.set(thread, begun)
    if (!line.includes('(INJECTED)')) continue
    const call = `${unfinished.get(thread) ?? ''}${told}`.replace(/\) += .*$/, '')
    unfinished.delete(thread)
    counts.set(call, (counts.get(call) ?? 0) + 1)
  }
  return [...counts.values()]
}

const renewing = { 'cache-control': 'no-cache' }

describe('a file that somebody else is using', () => {
  it.each(cases)('gets its name when it is let go of: %s, %s (rows D6, D11)', async (path, error) => {
    const { right, whileFailing } = await stored(path)
    const lines = await whileFailing(`rename:error=${error}:when=1..3`, () => right(renewing))
    expect(new Set(attempts(lines))).toEqual(new Set([3]))
    expect(await right()).toBe('hit')
  })

  it.each(cases)('is not waited for for ever to get its name: %s, %s (rows D6, D11)', async (path, error) => {
    const { right, whileFailing } = await stored(path)
    const lines = await whileFailing(`rename:error=${error}`, () => right(renewing))
    expect(new Set(attempts(lines))).toEqual(new Set([4]))
    await right(renewing)
    expect(await right()).toBe('hit')
  })

  it.each(cases)('is removed when it is let go of: %s, %s (rows D6, D11)', async (path, error) => {
    const { client, key, files, whileFailing } = await stored(path)
    const lines = await whileFailing(`unlink:error=${error}:when=1..3`, () => client.call('call', 'delete', key))
    expect(new Set(attempts(lines))).toEqual(new Set([3]))
    expect(files()).toEqual([])
  })

  it.each(cases)('is not waited for for ever to be removed: %s, %s (rows D6, D11)', async (path, error) => {
    const { client, key, files, right, whileFailing } = await stored(path)
    const deleting = () => expect(client.call('call', 'delete', key)).rejects.toThrow(error)
    const lines = await whileFailing(`unlink:error=${error}`, deleting)
    expect(new Set(attempts(lines))).toEqual(new Set([4]))
    expect(await right()).toBe('hit')
    await client.call('call', 'delete', key)
    expect(files()).toEqual([])
  })

  it.each(cases)('is not waited for to be read: %s, %s (rows D6, D11)', async (path, error) => {
    const { files, right, whileFailing } = await stored(path)
    const outcomes: string[] = []
    const asking = async () => outcomes.push(await right())
    const lines = await whileFailing(`openat:error=${error}:when=1`, asking, files())
    expect(attempts(lines)).toEqual([1])
    expect(outcomes).toEqual(['miss'])
    expect(await right()).toBe('hit')
  })
})
