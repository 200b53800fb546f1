// Has a validation in the background that nobody answers, closes the cache, and has nothing more to do.
import { createCache } from '@cc/core'
import { Agent, request } from 'undici'

const [url, waitMs] = process.argv.slice(2)
// shared, the default: nothing here is meant for one user.
const cache = createCache()
const dispatcher = new Agent().compose(cache.interceptor)
for (let n = 0; n < 2; n++) {
  const { body } = await request(url, { dispatcher })
  await body.text()
}
await cache.close({ waitMs: Number(waitMs) })
console.log('closed', cache.stats().backgroundValidations)
