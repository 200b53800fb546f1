// CommonJS, with the default store: the second request is answered from the cache.
const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { cacheInterceptor } = require('@cc/core')
const { CacheControl, createFetch, decisionOf } = require('@cc/core/fetch')
const { storeCases } = require('@cc/core/testing')
const { DictStore } = require('@cc/store-dict')
const { Agent, getGlobalDispatcher, request } = require('undici')

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
