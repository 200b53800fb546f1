import { spawn } from 'node:child_process'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

/** Runs the client on the built packages, and resolves with the lines it printed. */
async function run(...args: string[]): Promise<string[]> {
  return runScript('client.mjs', ...args)
}

async function runScript(name: string, ...args: string[]): Promise<string[]> {
  const client = spawn(process.execPath, [join(__dirname, 'exit', name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let printed = ''
  for await (const chunk of client.stdout) printed += chunk
  return printed.trimEnd().split('\n')
}

describe('a process that has done its work (row P3)', () => {
  let origin: Server
  let validations: ServerResponse[]

  beforeEach(async () => {
    validations = []
    origin = createServer(({ headers, url }, response) => {
      if (headers['if-none-match'] !== undefined) {
        validations.push(response)
        return
      }
      if (url === '/stale')
        response.setHeader('Cache-Control', 'max-age=1, stale-while-revalidate=60').setHeader('Age', '5')
      response.setHeader('ETag', '"a"').end(url)
    })
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  })

  afterEach(async () => {
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  })

  const url = () => `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const waited = (line: string | undefined) => Number(/^left after (\d+) ticks$/.exec(line ?? '')?.[1])

  it('STALE-04: is not kept alive by a validation in the background that nobody answers', async () => {
    const lines = await run(url(), '/stale')
    expect(lines.slice(0, -1)).toEqual(['/stale', '/stale'])
    expect(validations).toHaveLength(1)
    expect(waited(lines.at(-1))).toBeLessThan(20)
  })

  it('STALE-04: is kept alive by the requests it makes beside such a validation, and by nothing after them', async () => {
    const lines = await run(url(), '/stale', '/one', '/two')
    expect(lines.slice(0, -1)).toEqual(['/stale', '/stale', '/one', '/two'])
    expect(validations).toHaveLength(1)
    expect(waited(lines.at(-1))).toBeLessThan(20)
  })

  it.each(['300', '0'])('is there until close() has waited %s ms for such a validation', async (waitMs) => {
    expect(await runScript('closing.mjs', `${url()}/stale`, waitMs)).toEqual(['closed 1'])
  })
})
