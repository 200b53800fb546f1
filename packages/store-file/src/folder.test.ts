import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, NOW, newFolder, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { FileStore, UntrustedFolderError } from './index.js'
import { Layout } from './layout.js'
import { readOptions } from './options.js'
import { run } from './steps.js'

let base: string
beforeEach(() => {
  base = newFolder()
})
afterEach(() => removeFolder(base))

const mode = (path: string) => statSync(path).mode & 0o7777

/** All folders and files below one, and itself. */
function all(folder: string): string[] {
  return [folder, ...readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))]
}

describe('a file that is being written', () => {
  it('has a name that nobody can know before, and is made by nobody else', async () => {
    const folder = join(base, 'cache')
    const { entriesTemporary } = new Layout(folder)
    const names = new Set<string>()
    async function* coming() {
      yield new Uint8Array(70_000)
      for (const name of readdirSync(entriesTemporary)) names.add(name)
    }
    const store = new FileStore(folder)
    await Promise.all(Array.from({ length: 20 }, (_, n) => put(store, `key ${n}`, 70_000, {}, coming())))
    expect(names.size).toBe(20)
    const random = [...names].map((name) => /^([0-9a-f]{32})\.\d+$/.exec(name)?.[1] ?? '')
    // Half of them are set, of each of 128 bits: that one is always the same is as likely as one in 4,000.
    const bits = random.map((hex) => BigInt(`0x${hex}`))
    const isAlwaysSame = Array.from({ length: 128 }, (_, bit) => new Set(bits.map((all) => (all >> BigInt(bit)) & 1n)))
    expect(isAlwaysSame.filter(({ size }) => size === 1).length).toBeLessThan(16)

    const disk = new Disk(readOptions(folder, {}))
    const planted = join(folder, 'planted')
    symlinkSync(join(base, 'elsewhere'), planted)
    await expect(async () => run(disk.create(planted))).rejects.toThrow('EEXIST')
    expect(existsSync(join(base, 'elsewhere'))).toBe(false)
    const [there = ''] = filesIn(folder)
    const before = readFileSync(there)
    await expect(async () => run(disk.create(there))).rejects.toThrow('EEXIST')
    expect(readFileSync(there).equals(before)).toBe(true)
  })
})

describe('the folder of a FileStore', () => {
  it('is made when something is first stored, and not before', async () => {
    const folder = join(base, 'some', 'cache')
    const store = new FileStore(folder)
    expect(await store.get('a key')).toEqual({ responses: [] })
    expect(await store.openBody('a key', '00')).toBeUndefined()
    await store.delete('a key')
    await store.clear()
    await store.close()
    expect(existsSync(join(base, 'some'))).toBe(false)
    await put(store, 'a key', 10)
    expect(readFileSync(join(folder, 'CACHEDIR.TAG'), 'latin1')).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/
    )
  })

  it.each([0o000, 0o022, 0o077])('has the permissions it is to have, with umask %p', async (umask) => {
    const before = process.umask(umask)
    try {
      const closed = new FileStore(join(base, 'closed'))
      const shared = new FileStore(join(base, 'shared'), { fileMode: 0o660, dirMode: 0o770 })
      for (const store of [closed, shared]) {
        await put(store, 'a key', 10)
        await put(store, 'another key', 100_000)
        await store.mark('a key', { value: '0a', at: NOW, dropAt: NOW })
      }
    } finally {
      process.umask(before)
    }
    for (const [folder, files, folders] of [
      ['closed', 0o600, 0o700],
      ['shared', 0o660, 0o770]
    ] as const) {
      for (const path of all(join(base, folder))) {
        expect([path, mode(path)]).toEqual([path, lstatSync(path).isFile() ? files : folders])
      }
    }
  })

  it('is made again when somebody has removed it', async () => {
    const store = new FileStore(join(base, 'cache'))
    await put(store, 'a key', 10)
    removeFolder(join(base, 'cache'))
    expect((await store.get('a key')).responses).toEqual([])
    await put(store, 'a key', 10)
    expect((await store.get('a key')).responses).toHaveLength(1)
  })

  it('may be a link, and what is in it may not', async () => {
    mkdirSync(join(base, 'elsewhere'))
    chmodSync(join(base, 'elsewhere'), 0o700)
    symlinkSync(join(base, 'elsewhere'), join(base, 'cache'))
    const store = new FileStore(join(base, 'cache'))
    await put(store, 'a key', 10)
    expect((await store.get('a key')).responses).toHaveLength(1)
    removeFolder(join(base, 'elsewhere', 'v1', 'entries'))
    mkdirSync(join(base, 'outside', 'tmp'), { recursive: true })
    symlinkSync(join(base, 'outside'), join(base, 'elsewhere', 'v1', 'entries'))
    await expect(async () => put(store, 'a key', 10)).rejects.toThrow('is no folder')
    expect(filesIn(join(base, 'outside'))).toEqual([])
  })

  it('is neither gone through nor cleared if others can write into it', async () => {
    const folder = join(base, 'open')
    await put(new FileStore(folder), 'a key', 10)
    chmodSync(folder, 0o777)
    const store = new FileStore(folder)
    await expect(store.clear()).rejects.toThrow(UntrustedFolderError)
    await expect(store.prune()).rejects.toThrow(UntrustedFolderError)
    await expect(store.keys().next()).rejects.toThrow(UntrustedFolderError)
    await expect(store.lock('a key', { leaseMs: 1_000, waitMs: 1 })).rejects.toThrow(UntrustedFolderError)
    chmodSync(folder, 0o700)
    expect((await store.get('a key')).responses).toHaveLength(1)
  })

  it('is not used if others can write into it, unless it is to be trusted', async () => {
    const folder = join(base, 'cache')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    const store = new FileStore(folder)
    await expect(async () => put(store, 'a key', 10)).rejects.toThrow(UntrustedFolderError)
    expect(() => store.get('a key')).toThrow(
      `others can write into ${folder}; if that is meant to be so, set trustFolder`
    )
    expect(() => store.mark('a key', { value: '0a', at: NOW, dropAt: NOW })).toThrow(UntrustedFolderError)
    expect(readdirSync(folder)).toEqual([])
    await put(new FileStore(folder, { trustFolder: true }), 'a key', 10)
    chmodSync(folder, 0o1777)
    expect((await new FileStore(folder).get('a key')).responses).toHaveLength(1)
    chmodSync(folder, 0o770)
    expect((await new FileStore(folder, { dirMode: 0o770 }).get('a key')).responses).toHaveLength(1)
  })
})
