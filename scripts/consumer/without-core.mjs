// A store without core: it loads, and what is missing is named by Node.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const [name] = process.argv.slice(2)
const require = createRequire(import.meta.url)
assert.ok(await import(`@cc/${name}`))
assert.ok(require(`@cc/${name}`))
await assert.rejects(import('@cc/core'), /Cannot find package '@cc\/core'/)
assert.throws(() => require('@cc/core'), /Cannot find module '@cc\/core'/)
