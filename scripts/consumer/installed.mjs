// ESM, with the default store: the second request is answered from the cache.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { CacheControl, createFetch, decisionOf } from '@cc/core/fetch'
import { storeCases } from '@cc/core/testing'
import { DictStore } from '@cc/store-dict'
import { Agent, getGlobalDispatcher, request } from 'undici'

let forwarded = 0
const server = createServer((_, response) => {
  forwarded += 1
  response.setHeader('cache-control', 'max-age=60').end('hello')
})
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`
  for (const options of [undefined, { store: new DictStore() }]) {
    forwarded = 0
    const agent = new Agent()
    const dispatcher = agent.compose(cacheInterceptor(options))
    for (const _ of [1, 2]) assert.equal(await (await request(url, { dispatcher })).body.text(), 'hello')
    assert.equal(forwarded, 1)
    await agent.close()
  }
  forwarded = 0
  const cached = CacheControl()
  for (const fetch of [createFetch(), cached.fetch]) {
    for (const outcome of ['miss', 'hit']) {
      const response = await fetch(url)
      assert.equal(await response.text(), 'hello')
      assert.equal(decisionOf(response)?.outcome, outcome)
    }
  }
  assert.equal(forwarded, 2)
  await cached.close()
  await getGlobalDispatcher().close()
  server.close()
})
assert.ok(storeCases)
