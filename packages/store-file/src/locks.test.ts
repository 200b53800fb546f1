import { once } from 'node:events'
import fs, { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, watch } from 'node:fs'
import { basename } from 'node:path'
import type { Lease } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { until } from '../test/folder.js'
import { filesIn, NOW, newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

const MIB = 1_048_576
const patient = { leaseMs: 600_000, waitMs: 600_000 }

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

/** Two pieces that make a long body, with something to do in between. */
async function* twoPieces(between: () => Promise<void>) {
  yield new Uint8Array(2 * MIB)
  await between()
  yield new Uint8Array(10)
}

function writeLock(key = 'a key'): string {
  return new Layout(folder).writeLock(hashOf(key))
}

describe('a long body', () => {
  it('is written by one at a time: who comes second gives his copy up', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    let isAsked = false
    const between = async () => {
      expect(existsSync(writeLock())).toBe(true)
      const complete = () => {
        isAsked = true
        return undefined
      }
      await two.set('a key', new Uint8Array(2 * MIB), complete)
      await two.set(
        'a key',
        twoPieces(async () => {}),
        complete
      )
      await put(two, 'another key', 2 * MIB)
      await put(two, 'a key', 10, { id: '01', slot: '1' })
    }
    await put(one, 'a key', 2 * MIB + 10, {}, twoPieces(between))
    expect(isAsked).toBe(false)
    expect((await two.get('a key')).responses.map(({ response: { id } }) => id).sort()).toEqual(['00', '01'])
    expect((await two.get('another key')).responses).toHaveLength(1)
    expect(readdirSync(new Layout(folder).locks)).toEqual([])
    expect(filesIn(new Layout(folder).entriesTemporary)).toEqual([])
  })

  it('is given up when somebody has taken the lock over', async () => {
    const store = new FileStore(folder)
    const between = async () => {
      renameSync(writeLock(), `${folder}/aside`)
      mkdirSync(writeLock())
    }
    await put(store, 'a key', 2 * MIB + 10, {}, twoPieces(between))
    expect((await store.get('a key')).responses).toEqual([])
    expect(existsSync(writeLock())).toBe(true)
    expect(filesIn(new Layout(folder).entriesTemporary)).toEqual([])
  })

  it.each([
    ['when it is taken', 0],
    ['when the response is to become visible', 1],
    ['when it is given back', 2]
  ])('leaves no lock behind that cannot be looked at %s (row D11)', async (_when, before) => {
    const store = new FileStore(folder)
    const { lstat } = fs.promises
    let looks = 0
    const failing = jest.spyOn(fs.promises, 'lstat').mockImplementation((path) => {
      const isIt = path === writeLock() && looks++ === before
      return isIt ? Promise.reject(Object.assign(new Error('injected'), { code: 'EIO' })) : lstat(path)
    })
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] })
    try {
      await put(store, 'a key', 2 * MIB)
      expect(looks).toBeGreaterThan(before)
      // It is kept alive once more, if it is not gone.
      await jest.advanceTimersByTimeAsync(6_000)
    } finally {
      jest.useRealTimers()
      failing.mockRestore()
    }
    await until(() => !existsSync(writeLock()))
    await put(store, 'a key', 2 * MIB, { id: '01', requestTime: NOW + 1 })
    expect((await store.get('a key')).responses.map(({ response: { id } }) => id)).toEqual(['01'])
  })

  it('is stored without a lock where there can be none', async () => {
    const store = new FileStore(folder)
    await put(store, 'another key', 10)
    const { locks } = new Layout(folder)
    mkdirSync(locks)
    mkdirSync(writeLock())
    mkdirSync(`${writeLock()}/something`)
    utimesSync(writeLock(), 0, 0)
    await put(store, 'a key', 2 * MIB)
    expect((await store.get('a key')).responses).toHaveLength(1)
  })

  it('is stored though a lock was left behind by somebody whose clock is ahead', async () => {
    const store = new FileStore(folder)
    await put(store, 'another key', 10)
    mkdirSync(writeLock(), { recursive: true })
    const ahead = Date.now() / 1000 + 3600
    utimesSync(writeLock(), ahead, ahead)
    await put(store, 'a key', 2 * MIB)
    expect((await store.get('a key')).responses).toHaveLength(1)
  })
})

describe('an invalidation', () => {
  it.each(['sync', 'async'] as const)('waits for no lock, whoever has it (reads: %s)', async (reads) => {
    const [one, two] = [new FileStore(folder), new FileStore(folder, { reads })]
    const lease = await one.lock('a key', patient)
    let isMarked = false
    const between = async () => {
      expect(existsSync(writeLock())).toBe(true)
      await two.mark('a key', { value: '0a', at: NOW, dropAt: NOW + 1 })
      isMarked = (await one.get('a key')).mark?.value === '0a'
    }
    await put(one, 'a key', 2 * MIB + 10, {}, twoPieces(between))
    expect(isMarked).toBe(true)
    await lease?.release()
  })
})

describe('lock', () => {
  it('is held against other stores of the folder, which are told of the release', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    const lease = (await one.lock('a key', patient)) as Lease
    const waiters = [two.lock('a key', patient), two.lock('a key', patient)]
    expect(await two.lock('a key', { ...patient, waitMs: 1 })).toBeUndefined()
    await lease.release()
    expect(await Promise.all(waiters)).toEqual([undefined, undefined])
    const next = await two.lock('a key', patient)
    expect(next).toBeDefined()
    await next?.release()
  })

  it('is not asked for again and again by those who wait: the system tells them of the release', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    const lease = (await one.lock('a key', patient)) as Lease
    const watching = jest.spyOn(fs, 'watch')
    const asking = jest.spyOn(globalThis, 'setInterval').mockImplementation(() => setTimeout(() => {}, 0))
    const waiter = two.lock('a key', patient)
    await until(() => watching.mock.calls.length > 0)
    await lease.release()
    expect(await waiter).toBeUndefined()
    expect(asking).toHaveBeenCalled()
    for (const mock of [watching, asking]) mock.mockRestore()
  })

  it('has nobody watched for who gives up while it is being asked for', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    const lease = await one.lock('a key', patient)
    const watching = jest.spyOn(fs, 'watch')
    const given = new AbortController()
    const waiting = two.lock('a key', { ...patient, signal: given.signal })
    given.abort()
    expect(await waiting).toBeUndefined()
    expect(watching).not.toHaveBeenCalled()
    watching.mockRestore()
    await lease?.release()
    await (await two.lock('a key', patient))?.release()
  })

  it('is over for those who wait when its holder has died', async () => {
    const store = new FileStore(folder)
    const path = new Layout(folder).forwardLock(hashOf('a key'))
    mkdirSync(path, { recursive: true })
    const impatient = store.lock('a key', { ...patient, waitMs: 1 })
    const waiter = store.lock('a key', patient)
    // Both wait for the same, and so it is known by then to be held.
    expect(await impatient).toBeUndefined()
    const before = Date.now() / 1000 - 60
    utimesSync(path, before, before)
    expect(await waiter).toBeUndefined()
    const lease = await store.lock('a key', patient)
    expect(lease).toBeDefined()
    await lease?.release()
  })

  it('ends by itself with the lease', async () => {
    const store = new FileStore(folder)
    const lease = await store.lock('a key', { leaseMs: 1, waitMs: 1 })
    expect(await store.lock('a key', patient)).toBeUndefined()
    await lease?.release()
    expect(readdirSync(new Layout(folder).locks)).toEqual([])
  })

  it('harms nobody when it is taken away', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    const lost = await one.lock('a key', patient)
    renameSync(new Layout(folder).forwardLock(hashOf('a key')), `${folder}/aside`)
    const lease = await two.lock('a key', patient)
    expect(lease).toBeDefined()
    await lost?.release()
    expect(existsSync(new Layout(folder).forwardLock(hashOf('a key')))).toBe(true)
    await lease?.release()
  })

  it('is given back by a holder that stood still for long, unless it was taken over meanwhile (row L2)', async () => {
    const store = new FileStore(folder)
    const { locks } = new Layout(folder)
    const [kept, lost] = [await store.lock('kept', patient), await store.lock('lost', patient)]
    const path = new Layout(folder).forwardLock(hashOf('lost'))
    renameSync(path, `${folder}/aside`)
    mkdirSync(path)
    // Who takes over does so long after. Made in the same millisecond it would be the same lock to the library.
    const takenOver = Date.now() / 1000 + 20
    utimesSync(path, takenOver, takenOver)
    const later = performance.now() + 60_000
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => later)
    await Promise.all([kept?.release(), lost?.release()])
    clock.mockRestore()
    const watcher = watch(locks)
    while (readdirSync(locks).length > 1) await once(watcher, 'change')
    watcher.close()
    expect(readdirSync(locks)).toEqual([basename(path)])
  }, 120_000)

  it('fails where there can be none', async () => {
    const store = new FileStore(`${folder}/${'x'.repeat(300)}`)
    await expect(store.lock('a key', patient)).rejects.toThrow('ENAMETOOLONG')
    await expect(store.lock('a key', patient)).rejects.toThrow('ENAMETOOLONG')
  })
})
