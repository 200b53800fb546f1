// Two processes, one cache: run it with `node examples/redis-store.mjs redis://localhost:6379`. What one of them has
// fetched, the other one has as well.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'

const redis = process.argv[2] ?? 'redis://localhost:6379'

let requests = 0
const origin = createServer((_request, response) => {
  requests++
  response.setHeader('Cache-Control', 'max-age=60').end(`answer ${requests}`)
}).listen(0, '127.0.0.1')
await once(origin, 'listening')
const url = `http://127.0.0.1:${origin.address().port}/`

for (const name of ['one process', 'another process']) {
  const child = fork(new URL('./redis-store/process.mjs', import.meta.url), [redis, url])
  const [answer] = await once(child, 'message')
  console.log(`${name}: ${answer.text}, ${answer.outcome}`)
  await once(child, 'exit')
}
console.log(`requests at the origin: ${requests}`)
origin.close()
