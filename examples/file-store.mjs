// Two processes, one folder: what one has stored the other answers from, and what one invalidates is invalid for both.
// Run it with `node examples/file-store.mjs`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = await mkdtemp(join(tmpdir(), 'web-cache-'))
let version = 1
const origin = createServer((request, response) => {
  if (request.method === 'PUT') version++
  response.setHeader('Cache-Control', 'max-age=3600').end(`version ${version}`)
})
await once(origin.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${origin.address().port}/`

const worker = new URL('file-store/worker.mjs', import.meta.url)
const [first, second] = [fork(worker, [folder]), fork(worker, [folder])]

/** Has a process ask, and prints how its cache answered. */
async function ask(name, process, method) {
  process.send({ url, method })
  const [{ outcome, text }] = await once(process, 'message')
  console.log(`${name.padEnd(6)}  ${method.padEnd(3)}  ${outcome.padEnd(6)}  ${text}`)
}

await ask('first', first, 'GET')
await ask('second', second, 'GET')
await ask('first', first, 'GET')
await ask('second', second, 'PUT')
await ask('first', first, 'GET')
await ask('second', second, 'GET')

for (const process of [first, second]) process.disconnect()
await Promise.all([once(first, 'exit'), once(second, 'exit')])
origin.closeAllConnections()
origin.close()
await rm(folder, { recursive: true })
