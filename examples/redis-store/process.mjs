import { CacheControl, decisionOf } from '@cc/core/fetch'
import { RedisStore } from '@cc/store-redis'

const [redis, url] = process.argv.slice(2)
const store = new RedisStore({ url: redis, keyPrefix: 'example:' })
const cache = CacheControl(undefined, { store })

const response = await cache.fetch(url)
const text = await response.text()
const { outcome } = decisionOf(response)
// Waits until the response is stored, too.
await cache.close()
await store.close()
process.send({ text, outcome }, () => process.disconnect())
