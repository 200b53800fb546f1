import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { placesIn, temporaryFolder } from './folder.js'
import { needStrace } from './strace.js'
import { operations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

const bindsAndDies = `
  require('net').createServer().listen('socket', () => {
    require('fs').renameSync('socket', process.argv[1])
    process.kill(process.pid, 'SIGKILL')
  })`

const things: Readonly<Record<string, (path: string) => void>> = {
  'a file': (path) => writeFileSync(path, 'not of this cache'),
  'an empty folder': (path) => mkdirSync(path),
  'a folder with something in it': (path) => {
    mkdirSync(path)
    writeFileSync(join(path, 'notes'), 'not of this cache')
  },
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
  // Its address may not be long, so it is bound from within its folder.
  'a socket': (path) => spawnSync(process.execPath, ['-e', bindsAndDies, basename(path)], { cwd: dirname(path) }),
  'a link to itself': (path) => symlinkSync(path, path)
}

/** Puts something in the place of whatever is there. */
function plant(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  make(path)
}

/** Everything outside that a cache could have changed. */
function picture(folder: string): string[] {
  return placesIn(folder).map(({ path, name, stats }) =>
    [name, stats.mode, stats.mtimeMs, stats.isFile() ? readFileSync(path, 'latin1') : ''].join(' ')
  )
}

describe('what others put into the places of a cache', () => {
  it.each(operations)(
    'something else at any path that is touched: the request gets the answer, and it heals: $name (row D6)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      expect(traced.paths.length).toBeGreaterThan(1)
      for (const path of traced.paths) {
        for (const [name, make] of Object.entries(things)) {
          try {
            await traced.runOn(() => plant(path, make))
            rmSync(path, { recursive: true, force: true })
            await traced.assertHealed()
          } catch (cause) {
            throw new Error(`${name} at ${path}: ${(cause as Error).message}`, { cause })
          }
        }
      }
    },
    600_000
  )

  it.each(operations)(
    'a link at any path that is touched is not followed for writing: $name (row D7)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      const outside = temporaryFolder()
      mkdirSync(join(outside, 'folder'))
      writeFileSync(join(outside, 'folder/file'), 'a file of others')
      writeFileSync(join(outside, 'file'), 'a file of others')
      const before = picture(outside)
      const inside = traced.paths.filter((path) => path !== traced.folder)
      for (const path of inside) {
        for (const target of ['file', 'folder', 'missing']) {
          await traced.runOn(() => plant(path, (path) => symlinkSync(join(outside, target), path)))
          expect({ path, target, outside: picture(outside) }).toEqual({ path, target, outside: before })
        }
      }
    },
    600_000
  )

  it('a link to a sound file of the cache itself is not followed for reading (row D7)', async () => {
    const folder = temporaryFolder()
    const elsewhere = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    const files = placesIn(folder).filter(({ stats }) => stats.isFile() && stats.size > 1_000)
    for (const [n, { path }] of files.entries()) {
      const moved = join(elsewhere, `${n}`)
      writeFileSync(moved, readFileSync(path))
      plant(path, (path) => symlinkSync(moved, path))
    }
    const answer = await client.ask(origin.url('/1000/a'))
    expect(answer).toMatchObject({ outcome: 'miss', generation: 1 })
    expect(origin.faultOf('/1000/a', answer)).toBeUndefined()
  }, 60_000)

  it('FIFOs in the places of four responses stop nothing else of the process (row D6)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder, { storeOptions: { reads: 'async' } }, { env: { UV_THREADPOOL_SIZE: '4' } })
    const paths = Array.from({ length: 8 }, (_, n) => `/1000/${n}`)
    for (const path of paths) await client.ask(origin.url(path))
    for (const { path, stats } of placesIn(folder)) {
      if (stats.isFile() && stats.size > 1_000) plant(path, (path) => execFileSync('mkfifo', [path]))
    }
    const answers = await client.call<Parameters<FileOrigin['faultOf']>[1][]>(
      'askAll',
      paths.map((path) => origin.url(path))
    )
    expect(answers.map((answer, n) => origin.faultOf(paths[n] ?? '', answer))).toEqual(paths.map(() => undefined))
    // A file read in the thread pool.
    expect(await client.call('readFile', __filename)).toBeGreaterThan(1_000)
  }, 60_000)

  it('files of others are there after clear(), delete() and prune() (row D6)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    await client.ask(origin.url('/600000/b'))
    const folders = [folder, ...placesIn(folder).flatMap(({ path, stats }) => (stats.isDirectory() ? [path] : []))]
    const notes = folders.map((path) => join(path, 'notes.txt'))
    for (const path of notes) writeFileSync(path, 'not of this cache')
    await client.call('call', 'prune')
    await client.call('call', 'clear')
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'miss' })
    const [atRoot = ''] = notes
    expect(readFileSync(atRoot, 'utf8')).toBe('not of this cache')
    expect(readdirSync(folder)).toContain('notes.txt')
    expect(lstatSync(folder).isDirectory()).toBe(true)
  }, 60_000)
})
