import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, temporaryFolder } from './folder.js'

/** A folder in which one response is stored, that can be damaged again and again. */
export class Damaged {
  readonly folder = temporaryFolder()
  readonly files = new Map<string, Buffer>()
  #client!: Client
  #origin!: FileOrigin
  #path = ''

  static async store(path: string): Promise<Damaged> {
    const damaged = new Damaged()
    damaged.#path = path
    damaged.#origin = await FileOrigin.start()
    // Room for all of the body, so that nothing is given up where the disk is slow.
    const cacheOptions = { copyBufferBytes: 16 * 1024 ** 2 }
    const options = { nodeOptions: ['--unhandled-rejections=strict'] }
    damaged.#client = await Client.open(damaged.folder, { cacheOptions }, options)
    await damaged.#ask()
    for (const { path } of filesIn(damaged.folder)) damaged.files.set(path, readFileSync(path))
    return damaged
  }

  /** The file with the body: the longest one. */
  get body(): string {
    const [[path = ''] = []] = [...this.files].sort(([, a], [, b]) => b.byteLength - a.byteLength)
    return path
  }

  /** All files that say something about the response, the one with a long body left out. */
  get metadata(): string[] {
    return [...this.files.keys()].filter((path) => !path.endsWith('.TAG') && this.#bytes(path).byteLength < 20_000)
  }

  /** So many bytes at the end of a file are those of a body that lies beside its metadata. */
  besideBytes(path: string): number {
    return path === this.body && this.metadata.includes(path) ? Number(this.#path.split('/')[1]) : 0
  }

  bytesOf(path: string): Buffer {
    return Buffer.from(this.#bytes(path))
  }

  /**
   * Puts everything back, but for this file, and asks: nothing wrong may come. With `mayFail` the first request may end in
   * an error, as that of a long body does. The next ones are answered rightly, and soon from the cache: the removal of what
   * was damaged, which nobody waits for, may keep out or take along what the first of them stored.
   */
  async replace(path: string, bytes: Uint8Array | undefined, mayFail = false): Promise<void> {
    for (const { path } of filesIn(this.folder)) rmSync(path, { force: true })
    for (const [name, content] of this.files) {
      const written = name === path ? bytes : content
      if (written === undefined) continue
      mkdirSync(dirname(name), { recursive: true, mode: 0o700 })
      writeFileSync(name, written, { mode: 0o600 })
    }
    const first = await this.#client.ask(this.#origin.url(this.#path))
    if (!(mayFail && first.error !== undefined)) this.#judge(first)
    for (let asked = 0; (await this.#ask()).outcome !== 'hit'; asked++) {
      if (asked === 5) throw new Error('the folder has not healed')
    }
  }

  /** Whether the store failed, other than by finding nothing. */
  get told(): string {
    return this.#client.printed
  }

  async #ask() {
    const answer = await this.#client.ask(this.#origin.url(this.#path))
    this.#judge(answer)
    return answer
  }

  #judge(answer: Parameters<FileOrigin['faultOf']>[1]): void {
    const fault = this.#origin.faultOf(this.#path, answer)
    if (fault !== undefined) throw new Error(fault)
  }

  #bytes(path: string): Buffer {
    return this.files.get(path) ?? Buffer.alloc(0)
  }
}

/** With one bit of the byte at `offset` the other way. */
export function flipped(bytes: Buffer, offset: number, bit = randomInt(8)): Buffer {
  const copy = Buffer.from(bytes)
  copy[offset] = (copy[offset] ?? 0) ^ (1 << bit)
  return copy
}
