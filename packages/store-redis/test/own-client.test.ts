import { type AddressInfo, connect, createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { turn } from './near-reader.js'
import { bytesOf, expectBytes, patient, put } from './put.js'
import { bytes, hex } from './sample.js'
import { startFaultyProxy, startRedis } from './servers/index.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function closedAfterwards(store: RedisStore): RedisStore {
  closing.push(() => store.close())
  return store
}

/** A name that leads to whichever server has the port that is named last. */
async function nameOfServer(first: number): Promise<{ port: number; leadsTo(port: number): void }> {
  let to = first
  const server = createServer((socket) => {
    const upstream = connect(to, '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return {
    port: (server.address() as AddressInfo).port,
    leadsTo: (port) => {
      to = port
    }
  }
}

describe('the client that RedisStore makes', () => {
  it('is made as `options` say, without a URL', async () => {
    const { port } = await startRedis()
    const store = closedAfterwards(new RedisStore({ options: { host: '127.0.0.1', port, ...patient } }))
    const { key, id } = await put(store, bytes(300_000))
    expectBytes(await bytesOf(await store.openBody(key, id)), bytes(300_000))
  })

  it('speaks TLS to a rediss:// URL, and logs in as it says', async () => {
    const acl = '~cc:* +hello +info +client +get +evalsha +eval +hset +hgetall +pexpire +hvals'
    const { url, ca } = await startRedis({ tls: true, acl })
    const store = closedAfterwards(new RedisStore({ url, options: { tls: { ca }, ...patient } }))
    const { key } = await put(store, bytes(10))
    expect((await store.get(key)).responses).toHaveLength(1)
  })

  it('connects anew where it may not write: its name may lead to another server by now (row R8)', async () => {
    const [old, next] = [await startRedis(), await startRedis()]
    const name = await nameOfServer(old.port)
    const store = closedAfterwards(new RedisStore({ url: `redis://127.0.0.1:${name.port}`, options: patient }))
    await put(store, bytes(10))
    name.leadsTo(next.port)
    // Its connections go on.
    await old.ask('REPLICAOF', '127.0.0.1', next.port)
    await expect(put(store, bytes(10))).rejects.toThrow('READONLY')
    for (;;) {
      const stored = await put(store, bytes(10), { id: hex(2) }).catch(() => undefined)
      if (stored !== undefined) break
      await turn()
    }
    expect(((await next.ask('KEYS', 'cc:1:{*')) as string[]).length).toBe(1)
  })

  it('asks less and less often for a server that does not let it in, and tells nobody the password (rows R15, X11)', async () => {
    const proxy = await startFaultyProxy(await startRedis({ password: 'right' }))
    const begun = performance.now()
    const store = closedAfterwards(new RedisStore({ url: `redis://:wrong-secret@127.0.0.1:${proxy.port}` }))
    while (proxy.connections < 5) {
      const error = await Promise.resolve(store.get('key')).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('wrong-secret')
      await turn()
    }
    // 100, 200, 400 and 800 ms, or up to a quarter less.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(0.75 * 1_500)
  })
})
