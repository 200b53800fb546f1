import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

interface Stored {
  readonly slot: string
  readonly id: string
}

interface Place {
  readonly slots: Map<string, { response: Stored; body: string }>
  mark?: unknown
}

/** A store that several processes share: its parent keeps it, and answers them over their channels. */
export class StoreServer {
  readonly #places = new Map<string, Place>()
  readonly #locks = new Map<string, { lease: number; tell: () => void; told: Promise<void> }>()
  readonly #children: ChildProcess[] = []
  #leases = 0
  #waiters = 0
  readonly #watching: (() => void)[] = []

  /** Starts a process that waits `waitMs` for another one at most. */
  async start(waitMs: number): Promise<ChildProcess> {
    const child = fork(join(__dirname, 'client.mjs'), [String(waitMs)])
    this.#children.push(child)
    child.on('message', (message) => this.#answer(child, message as Call))
    await new Promise<void>((resolve) =>
      child.on('message', (message) => (message as { ready?: true }).ready && resolve())
    )
    return child
  }

  /** Has a process ask for a URL; what it got. */
  ask(child: ChildProcess, url: string): Promise<string> {
    const text = new Promise<string>((resolve) => {
      child.on('message', (message) => {
        const { text } = message as { text?: string }
        if (text !== undefined) resolve(text)
      })
    })
    child.send({ url })
    return text
  }

  /** Resolves when so many have waited for a lock. */
  async waiters(count: number): Promise<void> {
    while (this.#waiters < count) await new Promise<void>((resolve) => this.#watching.push(resolve))
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
  }

  async #answer(child: ChildProcess, { id, method, args }: Call): Promise<void> {
    if (method === undefined) return
    const answer = await this[method](...(args as [never, never, never]))
    if (child.connected) child.send({ id, answer: answer ?? null })
  }

  get(key: string) {
    const { slots, mark } = this.#at(key)
    return { responses: [...slots.values()], mark }
  }

  openBody(key: string, id: string) {
    for (const { response, body } of this.#at(key).slots.values()) if (response.id === id) return body
    return null
  }

  set(key: string, body: string, response: Stored) {
    this.#at(key).slots.set(response.slot, { response, body })
  }

  update(key: string, response: Stored) {
    const known = this.#at(key).slots.get(response.slot)
    if (known?.response.id !== response.id) return false
    known.response = response
    return true
  }

  mark(key: string, mark: unknown) {
    this.#at(key).mark = mark
  }

  delete(key: string, slot?: string) {
    if (slot === undefined) this.#at(key).slots.clear()
    else this.#at(key).slots.delete(slot)
  }

  /** It does not notice when a holder dies: then only the end of its lease frees the lock. */
  async lock(key: string, leaseMs: number, waitMs: number) {
    const held = this.#locks.get(key)
    if (held === undefined) {
      const lease = ++this.#leases
      let tell = () => {}
      const told = new Promise<void>((resolve) => {
        tell = resolve
      })
      this.#locks.set(key, { lease, tell, told })
      setTimeout(() => this.release(key, lease), leaseMs).unref()
      return lease
    }
    this.#waiters++
    for (const look of this.#watching.splice(0)) look()
    await Promise.race([held.told, new Promise((resolve) => setTimeout(resolve, waitMs))])
    return null
  }

  release(key: string, lease: number) {
    const held = this.#locks.get(key)
    if (held?.lease !== lease) return
    this.#locks.delete(key)
    held.tell()
  }

  #at(key: string): Place {
    const place = this.#places.get(key) ?? { slots: new Map() }
    this.#places.set(key, place)
    return place
  }
}

interface Call {
  readonly id: number
  readonly method?: 'get' | 'openBody' | 'set' | 'update' | 'mark' | 'delete' | 'lock' | 'release'
  readonly args: readonly unknown[]
}
