import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { root, run } from './steps.mjs'

const script = join(root, 'scripts/redis-server.mjs')
let folder

/** A program that says it is a redis-server of this version. */
function pretender(name, version) {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 bits=64"\n`)
  chmodSync(path, 0o755)
  return path
}

/** What the script prints in an environment without anything to install with. */
const asked = (env) => run(process.execPath, [script], { env: { PATH: folder, REDIS_SERVER: '', ...env } })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-redis-server-'))
  symlinkSync('/bin/sh', join(folder, 'sh'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the redis-server of tests', () => {
  it('is asked for in one sentence that names the ways to get it, where there is none or an old one', async () => {
    const sentence =
      /There is no redis-server of version 7 or later: have one in PATH \(.*\), or name its file in .*REDIS_SERVER/
    await expect(asked({})).rejects.toThrow(sentence)
    pretender('redis-server', '6.0.16')
    await expect(asked({})).rejects.toThrow(sentence)
  })

  it('is the one in PATH', async () => {
    const path = pretender('redis-server', '7.0.15')
    expect(await asked({})).toBe(`${path}\n`)
  })

  it('is the one that is named, and no other', async () => {
    pretender('redis-server', '7.0.15')
    const named = pretender('my-redis', '8.2.0')
    expect(await asked({ REDIS_SERVER: named })).toBe(`${named}\n`)
    await expect(asked({ REDIS_SERVER: process.execPath })).rejects.toThrow(/REDIS_SERVER=\S+ is no redis-server/)
  })
})
