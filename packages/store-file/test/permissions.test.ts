import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client, type StartOptions } from './client.js'
import { FileOrigin } from './file-origin.js'
import { afterwards, placesIn, temporaryFolder } from './folder.js'
import { mounted } from './mounts.js'

const paths = ['/1000/small', '/600000/large']

/** Stores something small and something large. */
async function fill(folder: string, origin: FileOrigin): Promise<void> {
  const client = await Client.open(folder)
  for (const path of paths) await client.ask(origin.url(path))
  await client.kill()
}

/** Asks for what is there and what is not, also to change it, with a client for which the folder is not as it should be. */
async function unharmed(folder: string, origin: FileOrigin, options: StartOptions = {}): Promise<void> {
  const client = await Client.open(folder, {}, { nodeOptions: ['--unhandled-rejections=strict'], ...options })
  for (const path of [...paths, '/1000/other', '/600000/another', ...paths]) {
    expect(origin.faultOf(path, await client.ask(origin.url(path)))).toBeUndefined()
  }
  for (const path of paths) {
    const { generation } = await client.ask(origin.url(path))
    expect(await client.ask(origin.url(path), { method: 'POST' })).toMatchObject({ status: 204 })
    const answer = await client.ask(origin.url(path))
    expect(origin.faultOf(path, answer)).toBeUndefined()
    expect(answer.generation).toBeGreaterThan(generation)
  }
}

describe('modes of what is written', () => {
  it.each(['000', '022', '077', '277'])(
    'folders 0700, files 0600, with a umask of %s (row D8)',
    async (umask) => {
      const folder = join(temporaryFolder(), 'cache')
      const origin = await FileOrigin.start()
      const client = await Client.open(folder, {}, { after: `umask ${umask}` })
      for (const path of paths) await client.ask(origin.url(path))
      await client.ask(origin.url('/1000/small'), { method: 'POST' })
      const modes = [...placesIn(join(folder, '..'))].map(({ name, stats }) => [name, (stats.mode & 0o777).toString(8)])
      expect(modes.length).toBeGreaterThan(4)
      const wanted = placesIn(join(folder, '..')).map(({ name, stats }) => [name, stats.isDirectory() ? '700' : '600'])
      expect(modes).toEqual(wanted)
    },
    300_000
  )

  it('what dirMode and fileMode say, whatever the umask (row D8)', async () => {
    const folder = join(temporaryFolder(), 'cache')
    const origin = await FileOrigin.start()
    const storeOptions = { dirMode: 0o750, fileMode: 0o640 }
    const client = await Client.open(folder, { storeOptions }, { after: 'umask 077' })
    for (const path of paths) await client.ask(origin.url(path))
    for (const { name, stats } of placesIn(join(folder, '..'))) {
      expect([name, (stats.mode & 0o777).toString(8)]).toEqual([name, stats.isDirectory() ? '750' : '640'])
    }
  }, 300_000)
})

describe('a folder that may not be changed', () => {
  const isRoot = process.getuid?.() === 0
  /** Another user, for whom modes count. */
  const nobody = { under: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] }
  const user = isRoot ? nobody : {}

  it('is not writable (EACCES): requests get their answers (row D11)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    await fill(folder, origin)
    if (isRoot) for (const { path } of placesIn(folder)) chownSync(path, 65_534, 65_534)
    if (isRoot) chownSync(folder, 65_534, 65_534)
    const folders = [folder, ...placesIn(folder).flatMap(({ path, stats }) => (stats.isDirectory() ? [path] : []))]
    for (const path of folders) chmodSync(path, 0o500)
    afterwards(() => {
      for (const path of folders) chmodSync(path, 0o700)
    })
    await unharmed(folder, origin, user)
  }, 300_000)

  it('is not readable (EACCES): requests get their answers (row D11)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    await fill(folder, origin)
    chmodSync(folder, 0o000)
    afterwards(() => chmodSync(folder, 0o700))
    await unharmed(folder, origin, user)
  }, 300_000)

  it('is on a file system that is read-only (EROFS): requests get their answers (row D11)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    await fill(folder, origin)
    const isMounted =
      mounted(['--bind', folder, folder], folder) && mounted(['-o', 'remount,ro,bind', folder], undefined)
    // What else no file can be made in, by anybody.
    await unharmed(isMounted ? folder : '/proc/self/fdinfo/cache', origin)
  }, 300_000)

  it('is immutable (EPERM, also for root): requests get their answers (row D11)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    await fill(folder, origin)
    const all = [folder, ...placesIn(folder).map(({ path }) => path)]
    try {
      execFileSync('chattr', ['+i', ...all], { stdio: 'ignore' })
    } catch {
      process.stdout.write('chattr cannot make files immutable here: a folder of another user takes their place\n')
    }
    afterwards(() => {
      try {
        execFileSync('chattr', ['-i', ...all], { stdio: 'ignore' })
      } catch {
        // It could not be done before either.
      }
    })
    await unharmed(folder, origin)
  }, 300_000)
})

describe('a folder that is not there', () => {
  it('is made, whatever is missing of its path (row D12)', async () => {
    const folder = join(temporaryFolder(), 'a/b/c')
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'hit' })
  }, 300_000)

  it('cannot be made, since a file is in its place or above it (row D12)', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const origin = await FileOrigin.start()
    await unharmed(file, origin)
    await unharmed(join(file, 'below'), origin)
  }, 300_000)

  it('is removed again and again: it is made anew (row D12)', async () => {
    const folder = join(temporaryFolder(), 'cache')
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    for (let i = 0; i < 5; i++) {
      for (const path of paths) {
        await client.ask(origin.url(path))
        const answer = await client.ask(origin.url(path))
        expect({ fault: origin.faultOf(path, answer), outcome: answer.outcome }).toEqual({ outcome: 'hit' })
      }
      rmSync(folder, { recursive: true })
    }
  }, 300_000)

  it('is removed under load: requests get their answers (row D12)', async () => {
    const folder = join(temporaryFolder(), 'cache')
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    for (let i = 0; i < 8; i++) {
      const all = Array.from({ length: 16 }, (_, n) => paths[n % 2] ?? '')
      const answers = client.call<{ generation: number; bytes: number; sha256: string }[]>(
        'askAll',
        all.map((path) => origin.url(path))
      )
      rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
      for (const [n, answer] of (await answers).entries()) {
        expect(origin.faultOf(all[n] ?? '', answer)).toBeUndefined()
      }
    }
    // A cache that has seen it fail may leave it alone for a while: another one knows nothing of that.
    await client.open(folder)
    await client.ask(origin.url('/1000/a'))
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'hit' })
  }, 300_000)

  it('is replaced by another one: what is there then counts (row D12)', async () => {
    const [folder, other] = [join(temporaryFolder(), 'cache'), temporaryFolder()]
    const origin = await FileOrigin.start()
    const client = await Client.open(folder)
    await client.ask(origin.url('/1000/a'))
    execFileSync('mv', [folder, join(other, 'moved')])
    mkdirSync(folder, { mode: 0o700 })
    const answer = await client.ask(origin.url('/1000/a'))
    expect({ fault: origin.faultOf('/1000/a', answer), outcome: answer.outcome }).toEqual({ outcome: 'miss' })
    expect(await client.ask(origin.url('/1000/a'))).toMatchObject({ outcome: 'hit' })
  }, 300_000)
})
