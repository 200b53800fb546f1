/**
 * The public suite as it comes from npm: its origin server in a worker, its client here, neither changed.
 *
 * `node client.mjs list` prints the tests. Forked with a mode it runs them, or those whose ids follow; each request of
 * the suite's client goes to the parent process, which sends it through the cache. So the suite runs as the native
 * modules it is made of, and the parent may load the cache in its own way (jest: from the sources).
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { devNull } from 'node:os'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import groups from 'http-cache-tests/tests/index.mjs'

const [, , mode, ...ids] = process.argv

if (mode === 'list') {
  const tests = groups.flatMap((group) => group.tests.map((test) => describeTest(group, test)))
  process.stdout.write(JSON.stringify(tests))
} else {
  process.on('disconnect', () => process.exit())
  const chosen = groups.map((group) => ({ ...group, tests: group.tests.filter(isChosen) }))
  await runTests(chosen, fetchThroughParent(), mode === 'private', await startOrigin())
  process.send({ results: getResults() })
}

function isChosen({ id }) {
  return ids.length === 0 || ids.includes(id)
}

function describeTest(group, test) {
  return {
    group: group.id,
    id: test.id,
    name: test.name,
    kind: test.kind ?? 'required',
    dependsOn: test.depends_on ?? [],
    // The suite's word for a private cache is browser.
    modes: [...(test.browser_only ? [] : ['shared']), ...(test.browser_skip ? [] : ['private'])]
  }
}

/** Starts the suite's server, which takes its settings from npm's variables, on a free port; resolves to its URL. */
async function startOrigin() {
  const file = createRequire(import.meta.url).resolve('http-cache-tests/server/server.mjs')
  const env = { npm_config_protocol: 'http', npm_config_port: '0', npm_config_pidfile: devNull }
  const worker = new Worker(file, { env, stdout: true })
  const lines = createInterface({ input: worker.stdout })
  const [line] = await once(lines, 'line')
  const port = /:(\d+)\/$/.exec(line)?.[1]
  if (port === undefined) throw new Error(`The suite's server said: ${line}`)
  return `http://localhost:${port}`
}

function fetchThroughParent() {
  const waiting = new Map()
  process.on('message', ({ id, response, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error) reject(Object.assign(new Error(error.message), { name: error.name }))
    else resolve({ ...response, headers: new Headers(response.headers), text: async () => response.body })
  })
  let id = 0
  return (url, init) =>
    new Promise((resolve, reject) => {
      id += 1
      waiting.set(id, { resolve, reject })
      process.send({ id, url, init })
    })
}
