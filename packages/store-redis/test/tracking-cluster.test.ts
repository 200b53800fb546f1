import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Cluster as Client } from 'ioredis'
import { Cluster as Client5 } from 'ioredis-5'
import { Cluster as Valkey } from 'iovalkey'
import { NearReader, turn } from './near-reader.js'
import { type Cluster, type ClusterNode, startCluster } from './servers/index.js'

const boundMs = 1_000
/** One key in each third of the slots: of the first, the second and the third master. */
const keys = ['cc:{b}', 'cc:{c}', 'cc:{a}'] as const
const slots = [3_300, 7_365, 15_495] as const

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function readerOf(client: InstanceType<typeof Client> | InstanceType<typeof Client5>): NearReader {
  client.on('error', () => {})
  const reader = new NearReader(client, { boundMs })
  closing.push(
    () => client.disconnect(),
    () => reader.close()
  )
  return reader
}

/** Another process: it changes a value, and knows that it is changed. */
async function change(cluster: Cluster, i: number, value: string): Promise<number> {
  const master = await cluster.masterOf(slots[i] as number)
  await master.ask('SET', keys[i] as string, value)
  return performance.now()
}

async function setAll(cluster: Cluster, value: string): Promise<void> {
  for (const i of keys.keys()) await change(cluster, i, value)
}

/** Reads until every key is kept near with that value. */
async function readAll(near: NearReader, value: string): Promise<void> {
  for (const key of keys) while ((await near.readNear(key)) !== value) await turn()
}

describe('Tracking of a cluster', () => {
  /** For all who leave it as it was. */
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster()
  })

  it.each([
    ['ioredis 6', Client],
    ['ioredis 5', Client5],
    ['iovalkey', Valkey]
  ])('hears of what others change on every master: %s (row R20)', async (_name, Library) => {
    const near = readerOf(new Library(cluster.startupNodes) as InstanceType<typeof Client>)
    await setAll(cluster, '1')
    await readAll(near, '1')
    for (const [i, key] of keys.entries()) await near.forgets(key, '1', await change(cluster, i, '2'), boundMs)
    await readAll(near, '2')
  })

  it('is off until every master is listened to (row R20)', async () => {
    await setAll(cluster, '1')
    const near = readerOf(new Client(cluster.startupNodes))
    const [first, ...others] = cluster.masters as [ClusterNode, ...ClusterNode[]]
    for (const { port } of others) expect(port).not.toBe(first.port)
    await first.ask('ACL', 'SETUSER', 'default', '-client|tracking')
    const readKeys = async () => {
      for (const key of keys) expect(await near.read(key)).toBe('1')
    }
    const isListenedTo = async (node: ClusterNode) => String(await node.ask('CLIENT', 'LIST')).includes(' sub=1 ')
    for (const other of others) while (!(await isListenedTo(other))) await readKeys()
    for (let n = 0; n < 10; n++) await readKeys()
    expect(near.near.size).toBe(0)
    expect(await isListenedTo(first)).toBe(false)
    await first.ask('ACL', 'SETUSER', 'default', '+client|tracking')
    await readAll(near, '1')
  })

  it('never has an old value for longer than the bound while slots move (rows R14, R20)', async () => {
    const near = readerOf(new Client(cluster.startupNodes))
    await setAll(cluster, '0')
    await readAll(near, '0')
    const [first, second] = cluster.masters as [ClusterNode, ClusterNode]
    for (let n = 1; n <= 6; n++) {
      await cluster.moveSlot(slots[0], n % 2 ? second : first, async () => {
        // Still there.
        await near.readNear(keys[0])
      })
      const changedAt = await change(cluster, 0, String(n))
      await near.forgets(keys[0], String(n - 1), changedAt, boundMs)
      while ((await near.readNear(keys[0])) !== String(n)) await turn()
    }
  })

  it('forgets everything when a master dies, and is on again when its replica has taken over (rows R7, R20)', async () => {
    const cluster = await startCluster()
    const near = readerOf(new Client(cluster.startupNodes))
    await setAll(cluster, '1')
    await readAll(near, '1')
    const master = await cluster.masterOf(slots[0])
    const heard = near.hears('all')
    await cluster.kill(master)
    await heard
    expect(near.near.size).toBe(0)
    await cluster.haveReplaced(master)
    await setAll(cluster, '2')
    await readAll(near, '2')
    for (const [i, key] of keys.entries()) await near.forgets(key, '2', await change(cluster, i, '3'), boundMs)
  })

  it('notices that a healthy master was replaced, though its connection goes on (rows R7, R20)', async () => {
    const cluster = await startCluster()
    const near = readerOf(new Client(cluster.startupNodes))
    await setAll(cluster, '1')
    await readAll(near, '1')
    const master = await cluster.masterOf(slots[0])
    const heard = near.hears('all')
    await cluster.failOver(master)
    // Nothing is read meanwhile: all that is kept goes on being there.
    await heard
    await near.forgets(keys[0], '1', await change(cluster, 0, '2'), boundMs)
    while ((await near.readNear(keys[0])) !== '2') await turn()
    // What replaced it is listened to, and the old one is not needed any more.
    await master.kill()
    await near.readNear(keys[0])
    await near.forgets(keys[0], '2', await change(cluster, 0, '3'), boundMs)
  })
})
