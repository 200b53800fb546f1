// Core without any store: it loads, and the first request says what to install.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { cacheInterceptor } from '@cc/core'
import { Agent, request } from 'undici'

const required = createRequire(import.meta.url)('@cc/core')
for (const make of [cacheInterceptor, required.cacheInterceptor]) {
  const agent = new Agent()
  await assert.rejects(request('http://127.0.0.1:9/', { dispatcher: agent.compose(make()) }), /@cc\/store-dict/)
  await agent.close()
}
