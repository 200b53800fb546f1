import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const dist = join(__dirname, '../../packages/store-redis/dist')

/** What `RedisStore` is asked there. */
const asking = `
  const client = { status: 'ready', options: {}, evalsha() {}, hvalsBuffer: async () => [] }
  const tell = (answer) => console.log(JSON.stringify(answer))
  const ask = async () => {
    tell(await new RedisStore({ client }).get('a'))
    await new RedisStore().get('a').catch(({ code, message, cause }) => tell([code, message, cause.code]))
  }
  ask()
`

let folder: string
beforeAll(() => {
  // There is nothing installed in any folder above it.
  folder = mkdtempSync(join(tmpdir(), 'cc-without-ioredis-'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const file of ['index.js', 'index.cjs']) copyFileSync(join(dist, file), join(folder, file))
  writeFileSync(join(folder, 'asking.mjs'), `import { RedisStore } from './index.js'\n${asking}`)
  writeFileSync(join(folder, 'asking.cjs'), `const { RedisStore } = require('./index.cjs')\n${asking}`)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('@cc/store-redis where nothing else is installed', () => {
  it.each(['asking.mjs', 'asking.cjs'])(
    'takes a client, and says what is missing for one of its own: %s',
    async (file) => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, file)])
      const [ofGiven, ofOwn] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(ofGiven).toEqual({ responses: [] })
      const [code, message, cause] = ofOwn
      expect([code, message]).toEqual(['CC_REDIS_NO_CLIENT', 'install ioredis, or give RedisStore a client'])
      expect(cause).toMatch(/^(ERR_)?MODULE_NOT_FOUND$/)
    }
  )
})
