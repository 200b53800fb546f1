// Whatever versions of core and of one store are installed: how requests come out, on what others may have stored before.
import assert from 'node:assert/strict'
import { cacheInterceptor } from '@cc/core'
import { Agent, request } from 'undici'

const [name, url, folder, redis, ...outcomes] = process.argv.slice(2)
const makers = {
  'store-dict': ({ DictStore }) => new DictStore(),
  'store-file': ({ FileStore }) => new FileStore(folder),
  bridges: ({ fromKeyValue }) => fromKeyValue(new Map()),
  'store-redis': ({ RedisStore }) => new RedisStore({ url: redis })
}
const store = makers[name](await import(`@cc/${name}`))
const agent = new Agent()
let decided = () => {}
const onDecision = ({ outcome }) => decided(outcome)
// No limit that a busy machine could reach.
const dispatcher = agent.compose(cacheInterceptor({ store, storeTimeoutMs: 60_000, onDecision }))
for (const outcome of outcomes) {
  // Told when all is over, storing included.
  const decision = new Promise((resolve) => {
    decided = resolve
  })
  const { body } = await request(url, { dispatcher })
  assert.equal(await body.text(), 'hello')
  assert.equal(await decision, outcome)
}
await store.close?.()
await agent.close()
