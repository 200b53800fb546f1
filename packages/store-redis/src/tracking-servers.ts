import type { RedisServer } from './own-connection.js'

/** A client whose servers can be listened to: of one server, or of a cluster, which tells when its nodes change. */
export interface TrackedClient {
  readonly options: { readonly keyPrefix?: string | Buffer | undefined }
  nodes?(role: 'master'): RedisServer[]
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

const clusterEvents = ['+node', '-node', 'refresh']
const eventsOfOne = ['close']

/** The servers that may answer a look-up of a client: the one it is connected to, or all masters of a cluster. */
export class TrackedServers {
  readonly isCluster: boolean
  /** What the client puts before each key. */
  readonly keyPrefix: string
  readonly #client: TrackedClient
  readonly #onEvent: () => void

  /** @param changed - called when they may be others than they were */
  constructor(client: TrackedClient, changed: () => void) {
    this.isCluster = client.nodes !== undefined
    this.keyPrefix = String(client.options.keyPrefix ?? '')
    this.#client = client
    this.#onEvent = changed
    for (const event of this.#events) client.on(event, this.#onEvent)
  }

  /** All of them, by name. */
  all(): Map<string, RedisServer> {
    const masters = this.#masters()
    if (masters === undefined) return new Map([['', this.#client as unknown as RedisServer]])
    return new Map(masters.map((node) => [nameOf(node), node]))
  }

  /** Whether these are the names of all of them. */
  areAll(names: ReadonlyMap<string, unknown>): boolean {
    const masters = this.#masters()
    if (masters === undefined) return names.size === 1
    return masters.length === names.size && names.size > 0 && masters.every((node) => names.has(nameOf(node)))
  }

  close(): void {
    for (const event of this.#events) this.#client.off(event, this.#onEvent)
  }

  get #events(): readonly string[] {
    return this.isCluster ? clusterEvents : eventsOfOne
  }

  #masters(): RedisServer[] | undefined {
    return this.#client.nodes?.('master')
  }
}

function nameOf({ options }: RedisServer): string {
  return `${options.host}:${options.port}`
}
