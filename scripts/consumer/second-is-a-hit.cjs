// The second request is answered from the cache: with the default store and a given one, by request and by fetch.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const { createServer } = require('node:http')

/** @param modules the exports of our packages and of undici, however they were loaded */
exports.secondIsAHit = async ({ core, fetching, testing, dict, undici }) => {
  let forwarded = 0
  const server = createServer((_, response) => {
    forwarded += 1
    response.setHeader('cache-control', 'max-age=60').end('hello')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  for (const options of [undefined, { store: new dict.DictStore() }]) {
    forwarded = 0
    const agent = new undici.Agent()
    const dispatcher = agent.compose(core.cacheInterceptor(options))
    for (const _ of [1, 2]) assert.equal(await (await undici.request(url, { dispatcher })).body.text(), 'hello')
    assert.equal(forwarded, 1)
    await agent.close()
  }
  forwarded = 0
  const cached = fetching.CacheControl()
  for (const fetch of [fetching.createFetch(), cached.fetch]) {
    for (const outcome of ['miss', 'hit']) {
      const response = await fetch(url)
      assert.equal(await response.text(), 'hello')
      assert.equal(fetching.decisionOf(response)?.outcome, outcome)
    }
  }
  assert.equal(forwarded, 2)
  await cached.close()
  await undici.getGlobalDispatcher().close()
  server.close()
  assert.ok(testing.storeCases)
  // What is published is not minified: a stack tells where it was, without source maps.
  assert.throws(
    () => core.cacheInterceptor({ maxVariants: 0 }),
    ({ stack }) => / at OptionReader/.test(stack)
  )
}
