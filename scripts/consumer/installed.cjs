// CommonJS, with the default store: the second request is answered from the cache.
const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { cacheInterceptor } = require('@cc/core')
const { storeCases } = require('@cc/core/testing')
const { DictStore } = require('@cc/store-dict')
const { Agent, request } = require('undici')

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
  server.close()
})
assert.ok(storeCases)
