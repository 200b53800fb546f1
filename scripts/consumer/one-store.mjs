// Core and the one store that is named: loaded either way, what is stored is found again. There is no Redis here: with
// its store each request is answered by the origin, and the store says why, with the code that is named.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheInterceptor } from '@cc/core'
import { Agent, request } from 'undici'

const [name, redisError] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'cc-consumer-'))
const stores = {
  'store-file': { make: ({ FileStore }) => new FileStore(folder), outcomes: ['miss', 'hit'] },
  bridges: { make: ({ fromKeyValue }) => fromKeyValue(new Map()), outcomes: ['miss', 'hit'] },
  'store-redis': {
    make: ({ RedisStore }) => new RedisStore({ url: 'redis://127.0.0.1:9' }),
    outcomes: ['miss', 'miss']
  }
}
const { make, outcomes } = stores[name]
const required = createRequire(import.meta.url)(`@cc/${name}`)
const server = createServer((_, response) => response.setHeader('cache-control', 'max-age=60').end('hello'))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
try {
  for (const [how, exports] of Object.entries({ esm: await import(`@cc/${name}`), cjs: required })) {
    const store = make(exports)
    const told = []
    const onDecision = ({ outcome }) => told.push(outcome)
    const agent = new Agent()
    const dispatcher = agent.compose(cacheInterceptor({ store, onDecision }))
    for (const _ of outcomes) {
      const { body } = await request(`http://127.0.0.1:${server.address().port}/${how}`, { dispatcher })
      assert.equal(await body.text(), 'hello')
    }
    assert.deepEqual(told, outcomes)
    if (redisError) await assert.rejects(store.get('key'), { name: 'RedisStoreError', code: redisError })
    await store.close?.()
    await agent.close()
  }
} finally {
  server.close()
  rmSync(folder, { recursive: true })
}
