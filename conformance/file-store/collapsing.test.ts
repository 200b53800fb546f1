import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

interface Message {
  readonly ready?: true
  readonly locking?: true
  readonly text?: string
  readonly failed?: string
}

describe('collapsed requests of processes that share a folder (RFC 9111 §4)', () => {
  let origin: Server
  let url: string
  let folder: string
  let asked: ServerResponse[]
  let locking: number
  let failures: string[]
  let changed: () => void
  const children: ChildProcess[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'store-file-collapsing-'))
    asked = []
    failures = []
    locking = 0
    changed = () => {}
    origin = createServer((_request, response) => {
      asked.push(response)
      response.setHeader('Cache-Control', 'max-age=86400')
      changed()
    })
    origin.listen(0, '127.0.0.1')
    await once(origin, 'listening')
    url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`
  })

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
  })

  async function start(waitMs: number): Promise<ChildProcess> {
    const child = fork(join(__dirname, 'client.mjs'), [folder, String(waitMs)])
    children.push(child)
    child.on('message', (message: Message) => {
      if (message.locking) locking++
      if (message.failed !== undefined) failures.push(message.failed)
      changed()
    })
    await once(child, 'message')
    return child
  }

  function ask(child: ChildProcess): Promise<string> {
    return new Promise((resolve) => {
      child.on('message', ({ text }: Message) => text !== undefined && resolve(text))
      child.send({ url })
    })
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        changed = resolve
      })
    }
  }

  it('COLL-01: many make one request of the origin (row L10)', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => start(60_000)))
    const answers = all.map(ask)
    await until(() => locking === 4 && asked.length > 0)
    asked[0]?.end('once')
    expect(await Promise.all(answers)).toEqual(Array(4).fill('once'))
    expect(asked).toHaveLength(1)
    expect(failures).toEqual([])
  }, 120_000)

  it('COLL-01: one that is killed while the others wait costs them a bounded wait (row L10)', async () => {
    const leader = await start(2_000)
    ask(leader)
    await until(() => asked.length === 1)
    const others = await Promise.all([start(2_000), start(2_000)])
    const answers = others.map(ask)
    await until(() => locking === 3)
    asked[0]?.write('half')
    leader.kill('SIGKILL')
    const answered = Promise.all(answers)
    let isOver = false
    void answered.then(() => {
      isOver = true
      changed()
    })
    // They have waited, and now each asks for itself, unless one was quick enough to store it for the other.
    for (let n = 1; !isOver; n++) {
      await until(() => isOver || asked.length > n)
      asked[n]?.end('whole')
    }
    expect(await answered).toEqual(['whole', 'whole'])
    expect(asked.length).toBeLessThanOrEqual(3)
  }, 120_000)
})
