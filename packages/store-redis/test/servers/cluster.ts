import { ask, askUntil, type Command, type Reply } from './ask.js'
import { freePort } from './ports.js'
import { RedisProcess, startOnFreePorts } from './redis-process.js'
import { inStep } from './replication.js'
import { memoryOnly } from './standalone.js'

const SLOTS = 16_384

export interface ClusterOptions {
  readonly masters: number
  /** For each master. */
  readonly replicas: number
  /** More lines of redis.conf. */
  readonly configuration?: readonly string[]
}

export class ClusterNode extends RedisProcess {
  readonly port: number
  readonly busPort: number
  id = ''

  constructor(port: number, busPort: number, configuration: readonly string[] = []) {
    super([
      ...memoryOnly,
      `port ${port}`,
      'cluster-enabled yes',
      `cluster-port ${busPort}`,
      // Nodes talk twice as often as that: while they get to know each other they should, and none should take over.
      'cluster-node-timeout 500',
      'cluster-replica-no-failover yes',
      // A replica that was sent nothing yet is not shown to clients.
      'repl-ping-replica-period 1',
      // Later a replica takes over however long ago it last heard from its master.
      'cluster-replica-validity-factor 0',
      ...configuration
    ])
    this.port = port
    this.busPort = busPort
  }

  ask(...command: Command): Promise<Reply> {
    return ask({ port: this.port }, command)
  }

  /** The lines of an INFO-like answer as an object. */
  async facts(...command: readonly [string, ...string[]]): Promise<Record<string, string>> {
    const text: string = await this.ask(...command)
    return Object.fromEntries(text.split('\r\n').map((line) => line.split(/:(.*)/s).slice(0, 2)))
  }
}

/** However busy the machine is, no node is to be missed that was not killed. */
const PATIENT_MS = 60_000
/** When a node was killed, the others notice it soon. */
const IMPATIENT_MS = 1_000

export class Cluster {
  /** Masters first, then their replicas in the same order. */
  readonly nodes: readonly [ClusterNode, ...ClusterNode[]]
  readonly masters: readonly [ClusterNode, ...ClusterNode[]]
  readonly replicas: readonly ClusterNode[]

  constructor(nodes: readonly ClusterNode[], masterCount: number) {
    this.nodes = nodes as [ClusterNode, ...ClusterNode[]]
    this.masters = nodes.slice(0, masterCount) as [ClusterNode, ...ClusterNode[]]
    this.replicas = nodes.slice(masterCount)
  }

  /** What `new Cluster(…)` of a client takes. */
  get startupNodes(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** The running node that serves this slot now, as the others see it. */
  async masterOf(slot: number): Promise<ClusterNode> {
    const running = this.nodes.find((node) => node.answers)
    const master = running && (await masterPort(running, slot))
    const node = this.nodes.find(({ port }) => port === master)
    if (node === undefined) throw new Error(`nobody serves slot ${slot}`)
    return node
  }

  /** Resolves when every running node finds that all slots are served. */
  async isWhole(): Promise<void> {
    for (const node of this.nodes) {
      if (!node.answers) continue
      await askUntil(
        () => node.facts('CLUSTER', 'INFO'),
        (info) => info.cluster_state === 'ok' && info.cluster_slots_ok === String(SLOTS)
      )
    }
  }

  /** Kills a node, or holds it up, which the others notice soon. */
  async kill(node: ClusterNode, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<void> {
    await node.kill(signal)
    for (const other of this.nodes) if (other.answers) await setNodeTimeout(other, IMPATIENT_MS)
  }

  /** The replica of a master, as it is now. */
  async replicaOf(master: ClusterNode): Promise<ClusterNode> {
    for (const node of this.nodes) {
      if (!node.answers) continue
      const [role, , port] = (await node.ask('ROLE')) as readonly unknown[]
      if (role === 'slave' && port === master.port) return node
    }
    throw new Error(`nobody replicates ${master.port}`)
  }

  /** Has the replica of a healthy master take over from it. */
  async failOver(master: ClusterNode): Promise<void> {
    const replica = await this.replicaOf(master)
    for (;;) {
      await inStep(master, replica)
      const since = replica.linesLogged
      await replica.ask('CLUSTER', 'FAILOVER')
      // Nodes that are held up for long give it up.
      await replica.logged(/Failover election won|Manual failover timed out/, since)
      if (((await replica.ask('ROLE')) as readonly unknown[])[0] === 'master') break
    }
    await this.haveReplaced(master)
  }

  /** Resolves when another node serves the slots of this one. */
  async haveReplaced(old: ClusterNode): Promise<void> {
    for (const node of this.nodes) {
      if (node === old || !node.answers) continue
      await askUntil(
        () => node.ask('CLUSTER', 'SLOTS') as Promise<[number, number, [string, number]][]>,
        (ranges) => ranges.every(([, , [, port]]) => port !== old.port)
      )
    }
    await this.isWhole()
  }

  /** Moves a slot with all that is in it, as `redis-cli --cluster reshard` does; `between` runs half-way. */
  async moveSlot(slot: number, to: ClusterNode, between?: () => Promise<void>): Promise<void> {
    const from = await this.masterOf(slot)
    if (from === to) return
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
    await between?.()
    for (;;) {
      const keys: string[] = await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, 100)
      if (keys.length === 0) break
      await from.ask('MIGRATE', '127.0.0.1', to.port, '', 0, 60_000, 'KEYS', ...keys)
    }
    for (const node of [to, from]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
    // Until all have heard of it, one that has not may win the two over again.
    for (const node of this.nodes) {
      if (node.answers)
        await askUntil(
          () => masterPort(node, slot),
          (port) => port === to.port
        )
    }
  }
}

/** The port of the node that serves this slot now, as `node` sees it. */
async function masterPort(node: ClusterNode, slot: number): Promise<number | undefined> {
  const ranges = (await node.ask('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1]
}

function setNodeTimeout(node: ClusterNode, ms: number): Promise<unknown> {
  return node.ask('CONFIG', 'SET', 'cluster-node-timeout', ms)
}

/** A cluster, all slots served and all replicas in step, stopped when the tests of the file are over. */
export async function startCluster(options: ClusterOptions = { masters: 3, replicas: 1 }): Promise<Cluster> {
  const count = options.masters * (1 + options.replicas)
  const nodes = await Promise.all(
    Array.from({ length: count }, () =>
      startOnFreePorts(async () => new ClusterNode(await freePort(), await freePort(), options.configuration))
    )
  )
  const cluster = new Cluster(nodes, options.masters)
  for (const [i, node] of nodes.entries()) {
    node.id = await node.ask('CLUSTER', 'MYID')
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
  }
  for (const [i, node] of cluster.masters.entries()) {
    const first = Math.floor((i * SLOTS) / options.masters)
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', first, Math.floor(((i + 1) * SLOTS) / options.masters) - 1)
  }
  const [first, ...others] = nodes
  for (const { port, busPort } of others) await first?.ask('CLUSTER', 'MEET', '127.0.0.1', port, busPort)
  for (const node of nodes)
    await askUntil(
      () => node.facts('CLUSTER', 'INFO'),
      (info) => info.cluster_known_nodes === String(count)
    )
  for (const [i, node] of cluster.replicas.entries())
    await node.ask('CLUSTER', 'REPLICATE', cluster.masters[i % options.masters]?.id ?? '')
  for (const node of cluster.replicas)
    await askUntil(
      () => node.facts('INFO', 'replication'),
      (info) => info.master_link_status === 'up'
    )
  // Every node has to have heard who replicates whom, or a client that asks it for replicas finds none.
  for (const node of nodes)
    await askUntil(
      () => node.ask('CLUSTER', 'SLOTS') as Promise<unknown[][]>,
      (ranges) => ranges.length === options.masters && ranges.every((range) => range.length === 3 + options.replicas)
    )
  for (const node of nodes) {
    await setNodeTimeout(node, PATIENT_MS)
    await node.ask('CONFIG', 'SET', 'cluster-replica-no-failover', 'no')
  }
  await cluster.isWhole()
  return cluster
}
