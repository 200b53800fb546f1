import { mkdirSync, renameSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client, type ClientAnswer } from './client.js'
import { FileOrigin } from './file-origin.js'
import { afterwards, filesIn, placesIn, temporaryFolder, until } from './folder.js'

// Half of it is more than core keeps in memory before it asks the store to take it in.
const path = '/3000000/a'
const strict = { nodeOptions: ['--unhandled-rejections=strict'] }

/** The locks that are held, or were left behind. */
function locksIn(folder: string): string[] {
  return placesIn(folder).flatMap(({ path, name, stats }) =>
    stats.isDirectory() && name.endsWith('.write') ? [path] : []
  )
}

/** As if it had last been touched so many seconds ago. */
function age(paths: readonly string[], seconds: number): void {
  const then = new Date(Date.now() - seconds * 1000)
  for (const path of paths) utimesSync(path, then, then)
}

/** A client in the middle of storing a long response, which holds the lock of its key. */
async function inTheMiddle(): Promise<Middle> {
  const folder = temporaryFolder()
  const origin = await FileOrigin.start()
  const [holder, other] = [await Client.open(folder, {}, strict), await Client.open(folder, {}, strict)]
  origin.hold(path)
  const answer = holder.ask(origin.url(path))
  answer.catch(() => {})
  await origin.holds(path)
  await until(() => locksIn(folder).length > 0)
  const held = origin.takeHeld(path)
  return { folder, origin, holder, other, answer, finish: held }
}

interface Middle {
  readonly folder: string
  readonly origin: FileOrigin
  readonly holder: Client
  readonly other: Client
  readonly answer: Promise<ClientAnswer>
  readonly finish: () => void
}

const right = async (client: Client, origin: FileOrigin) => {
  const answer = await client.ask(origin.url(path))
  expect(origin.faultOf(path, answer)).toBeUndefined()
  return answer.outcome
}

describe('the lock of a writer', () => {
  it('is left by one that was killed: others answer, give their copies up until it is stale, then store (row L1)', async () => {
    const { folder, origin, holder, other } = await inTheMiddle()
    await holder.kill()
    expect(locksIn(folder)).toHaveLength(1)
    for (let i = 0; i < 2; i++) {
      // On a busy machine it would be old by itself.
      age(locksIn(folder), 0)
      expect(await right(other, origin)).toBe('miss')
    }
    age(locksIn(folder), 3_600)
    expect(await right(other, origin)).toBe('miss')
    expect(await right(other, origin)).toBe('hit')
  }, 300_000)

  it('is lost by one that is stopped beyond its time: it goes on, and harms nothing (rows L2, L11)', async () => {
    const { folder, origin, holder, other, answer, finish } = await inTheMiddle()
    holder.signal('SIGSTOP')
    age(locksIn(folder), 3_600)
    await right(other, origin)
    expect(await right(other, origin)).toBe('hit')
    await other.call('call', 'prune')
    holder.signal('SIGCONT')
    finish()
    expect(origin.faultOf(path, await answer)).toBeUndefined()
    for (const client of [holder, other]) expect(await right(client, origin)).toBe('hit')
    expect(holder.printed).toBe('')
  }, 300_000)

  it('is on an old file of a writer that lives: a sweep leaves it alone, and the response is stored (row L11)', async () => {
    const { folder, origin, holder, other, answer, finish } = await inTheMiddle()
    holder.signal('SIGSTOP')
    age(
      filesIn(folder).map(({ path }) => path),
      7_200
    )
    await other.call('call', 'prune')
    holder.signal('SIGCONT')
    finish()
    expect(origin.faultOf(path, await answer)).toBeUndefined()
    expect(await right(other, origin)).toBe('hit')
  }, 300_000)

  const harms: [string, (lock: string) => void][] = [
    ['removed', (lock) => rmSync(lock, { recursive: true })],
    ['filled by somebody', (lock) => writeFileSync(join(lock, 'notes'), '')],
    [
      'replaced by a file',
      (lock) => {
        rmdirSync(lock)
        writeFileSync(lock, '')
      }
    ],
    ['moved away with its folder', (lock) => renameSync(dirname(lock), `${dirname(lock)}.away`)],
    [
      'replaced by that of another',
      (lock) => {
        rmdirSync(lock)
        mkdirSync(lock)
      }
    ],
    ['touched an hour in the future', (lock) => age([lock], -3_600)]
  ]
  it.each(harms)(
    'is %s while it is held: no process ends, and nothing wrong is stored (rows L3, L4, L5)',
    async (_, harm) => {
      const { folder, origin, holder, other, answer, finish } = await inTheMiddle()
      for (const lock of locksIn(folder)) harm(lock)
      expect(await right(other, origin)).toBe('miss')
      finish()
      expect(origin.faultOf(path, await answer)).toBeUndefined()
      await right(other, origin)
      await right(holder, origin)
      // What was left in its place is no lock for ever.
      age(
        placesIn(folder).flatMap(({ path, name }) => (/locks\b/.test(name) ? [path] : [])),
        3_600
      )
      await right(other, origin)
      expect(await right(other, origin)).toBe('hit')
    },
    300_000
  )

  it('of a dead process whose clock was an hour ahead is not there for ever (row L5)', async () => {
    const { folder, origin, holder, other } = await inTheMiddle()
    await holder.kill()
    age(locksIn(folder), -3_600)
    await right(other, origin)
    await right(other, origin)
    expect(await right(other, origin)).toBe('hit')
  }, 300_000)

  it('is stolen by a process whose clock is an hour ahead: both answer, one is stored (rows L3, L5)', async () => {
    const { folder, origin, answer, finish, holder } = await inTheMiddle()
    const ahead = await Client.open(folder, {}, shifted(3_600))
    await right(ahead, origin)
    finish()
    expect(origin.faultOf(path, await answer)).toBeUndefined()
    expect(origin.faultOf(path, await holder.ask(origin.url(path)))).toBeUndefined()
    expect(holder.printed).toBe('')
  }, 300_000)

  it('is one that everybody always gets: reads are whole or absent all the same (row L3)', async () => {
    const folder = temporaryFolder()
    const options = { nodeOptions: ['--require', join(__dirname, 'processes/granting.cjs')] }
    const clients = await Promise.all(Array.from({ length: 4 }, () => Client.open(folder, {}, options)))
    const keys = Array.from({ length: 3 }, (_, n) => `https://example.org/${n}`)
    const all = await Promise.all(
      clients.map((client) => client.call<Readonly<Record<string, number>>>('mixture', keys, 200))
    )
    const allowed = ['read: whole', 'read: absent', 'write', 'write given up', 'update', 'delete', 'mark']
    expect(all.flatMap((counts) => Object.keys(counts).filter((what) => !allowed.includes(what)))).toEqual([])
  }, 300_000)

  it('is old when 16 come for it at once: they answer, and one whole response is stored (row L3)', async () => {
    const { folder, origin, holder, other } = await inTheMiddle()
    await holder.kill()
    const contenders = await Promise.all(Array.from({ length: 16 }, () => Client.open(folder, {}, strict)))
    for (let round = 0; round < 2; round++) {
      age(locksIn(folder), 3_600)
      const answers = await Promise.all(contenders.map((client) => client.ask(origin.url(path))))
      expect(answers.flatMap((answer) => origin.faultOf(path, answer) ?? [])).toEqual([])
      await other.ask(origin.url(path))
      expect(await right(other, origin)).toBe('hit')
      await other.call('call', 'clear')
    }
  }, 300_000)

  it('cannot be made, for a file is where locks are kept: bodies are answered, marks are written (row L4)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder, {}, strict)
    await right(client, origin)
    const locks = placesIn(folder).filter(({ name, stats }) => stats.isDirectory() && /locks$/.test(name))
    expect(locks).not.toEqual([])
    for (const { path } of locks) {
      rmSync(path, { recursive: true })
      writeFileSync(path, '')
      afterwards(() => rmSync(path, { force: true }))
    }
    expect(await client.ask(origin.url(path), { method: 'POST' })).toMatchObject({ status: 204 })
    await right(client, origin)
    expect(origin.asked(path)).toBe(2)
  }, 300_000)
})

/** A process whose clock is so many seconds off. */
function shifted(seconds: number) {
  return {
    nodeOptions: ['--require', join(__dirname, 'processes/shifted-clock.cjs')],
    env: { CLOCK_SHIFT_MS: `${seconds * 1000}` }
  }
}

describe('clocks that are an hour off', () => {
  it.each([3_600, -3_600])(
    'the one of a writer, by %s s: its response is served fresh to nobody for longer (row L5)',
    async (seconds) => {
      const folder = temporaryFolder()
      const origin = await FileOrigin.start()
      const writer = await Client.open(folder, {}, shifted(seconds))
      const reader = await Client.open(folder)
      await right(writer, origin)
      expect(await right(writer, origin)).toBe('hit')
      const outcome = await right(reader, origin)
      // A response from the future has an age that nobody knows: it is not fresh.
      expect(outcome).toBe(seconds > 0 ? 'miss' : 'hit')
    },
    300_000
  )

  it.each([3_600, -3_600])(
    'the one of a reader, by %s s: it keeps what others store, and its own sweeps harm nothing (row L5)',
    async (seconds) => {
      const folder = temporaryFolder()
      const origin = await FileOrigin.start()
      const writer = await Client.open(folder)
      const reader = await Client.open(folder, {}, shifted(seconds))
      await right(writer, origin)
      await right(reader, origin)
      await reader.call('call', 'prune')
      await right(reader, origin)
      expect(await right(writer, origin)).toBe('hit')
    },
    300_000
  )

  it('what a clock that was ahead has stored can be replaced (row L5)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const ahead = await Client.open(folder, {}, shifted(3_600))
    await right(ahead, origin)
    await ahead.kill()
    const client = await Client.open(folder)
    await right(client, origin)
    expect(await right(client, origin)).toBe('hit')
  }, 300_000)
})
