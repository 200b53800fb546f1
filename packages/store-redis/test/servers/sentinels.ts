import { ask, askUntil, type Command, type Reply } from './ask.js'
import { freePort } from './ports.js'
import { RedisProcess, startOnFreePorts } from './redis-process.js'
import { inStep } from './replication.js'
import { type Redis, startRedis } from './standalone.js'

class Sentinel extends RedisProcess {
  readonly port: number

  constructor(port: number, primary: number) {
    super(
      [
        `port ${port}`,
        `sentinel monitor ${NAME} 127.0.0.1 ${primary} 2`,
        // However busy the machine is: they are told when one is to be missed.
        `sentinel down-after-milliseconds ${NAME} 60000`,
        `sentinel failover-timeout ${NAME} 3000`
      ],
      'sentinel'
    )
    this.port = port
  }

  ask(...command: Command): Promise<Reply> {
    return ask({ port: this.port }, command)
  }
}

const NAME = 'cc'

/** A primary with a replica, and three sentinels that watch them. */
export class Sentinels {
  readonly name = NAME
  readonly servers: readonly [Redis, Redis]
  readonly sentinels: readonly [Sentinel, ...Sentinel[]]

  constructor(servers: readonly [Redis, Redis], sentinels: readonly [Sentinel, ...Sentinel[]]) {
    this.servers = servers
    this.sentinels = sentinels
  }

  /** What `new Redis({ sentinels, name })` of a client takes. */
  get addresses(): { host: string; port: number }[] {
    return this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** The server that the sentinels name as the primary. */
  async primary(): Promise<Redis> {
    const [, port]: [string, string] = await this.sentinels[0].ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
    const server = this.servers.find((server) => server.port === Number(port))
    if (server === undefined) throw new Error(`the sentinels name port ${port}`)
    return server
  }

  /** Kills a server, or holds it up, which the sentinels notice soon. */
  async kill(server: Redis, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<void> {
    await server.kill(signal)
    for (const sentinel of this.sentinels) await sentinel.ask('SENTINEL', 'SET', NAME, 'down-after-milliseconds', 1_000)
  }

  /** Resolves when all sentinels name another primary than this one, and it takes writes. */
  async haveReplaced(old: Redis): Promise<Redis> {
    for (const sentinel of this.sentinels)
      await askUntil(
        () => sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME),
        ([, port]: [string, string]) => Number(port) !== old.port
      )
    const primary = await this.primary()
    await askUntil(
      () => primary.ask('ROLE'),
      ([role]: [string]) => role === 'master'
    )
    return primary
  }
}

/** A primary, its replica and three sentinels that know each other, stopped when the tests of the file are over. */
export async function startSentinels(): Promise<Sentinels> {
  const primary = await startRedis()
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] })
  await inStep(primary, replica)
  const sentinel = () => startOnFreePorts(async () => new Sentinel(await freePort(), primary.port))
  const sentinels = await Promise.all([sentinel(), sentinel(), sentinel()])
  for (const sentinel of sentinels) {
    await sentinel.logged(/\+slave /)
    for (const other of sentinels)
      if (other !== sentinel) await sentinel.logged(new RegExp(`\\+sentinel .* ${other.port} `))
  }
  return new Sentinels([primary, replica], sentinels)
}
