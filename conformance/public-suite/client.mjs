/**
 * The public suite as it comes from npm: its origin server in a worker, its client here, neither changed.
 *
 * `node client.mjs list` prints the tests. Forked with a mode it runs those whose ids follow. The parent process has the
 * cache: it sends each request of the suite's client through it, or puts a proxy in front of the suite's server. So the
 * suite runs as the native modules it is made of, and the parent may load the cache in its own way (jest: from the
 * sources).
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { devNull } from 'node:os'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import commonGroups from 'http-cache-tests/tests/index.mjs'
import surrogateControl from 'http-cache-tests/tests/surrogate-control.mjs'
import { fetch } from 'undici'

// The suite's own command line adds this group for reverse proxies.
const groups = [...commonGroups, surrogateControl, cdnCacheControl()]
const [, , mode, ...ids] = process.argv

if (mode === 'list') {
  const tests = groups.flatMap((group) => group.tests.map((test) => describeTest(group, test)))
  process.stdout.write(JSON.stringify(tests))
} else {
  process.on('disconnect', () => process.exit())
  const chosen = groups.map((group) => ({ ...group, tests: group.tests.filter(({ id }) => ids.includes(id)) }))
  const origin = await startOrigin()
  const isProxied = mode === 'proxy'
  const base = isProxied ? await proxyOf(origin) : origin
  const send = isProxied ? fetch : fetchThroughParent()
  // All at once: most of the time of a test is a pause.
  await runTests(chosen, (url, init) => send(url, { ...init, ...cacheMode() }), mode === 'private', base, ids.length)
  process.send({ results: getResults() })
}

function describeTest(group, test) {
  return {
    group: group.id,
    id: test.id,
    name: test.name,
    kind: test.kind ?? 'required',
    dependsOn: test.depends_on ?? [],
    modes: modesOf(group, test)
  }
}

/**
 * The tests of Surrogate-Control with CDN-Cache-Control, which came after this edition of the suite. What names one cache
 * among several becomes a parameter like any other; there is no request field to announce it.
 */
function cdnCacheControl() {
  const text = JSON.stringify(surrogateControl)
    .replaceAll('Surrogate-Control', 'CDN-Cache-Control')
    .replaceAll('"surrogate-', '"cdn-')
    .replaceAll('CAPABILITY_TARGET', 'capability')
  const { tests, ...group } = JSON.parse(text)
  return { ...group, id: 'cdn-cache-control', tests: tests.filter(({ id }) => id !== 'cdn-append-capabilities') }
}

/** The suite's word for a private cache is browser. */
function modesOf(group, { browser_only, browser_skip }) {
  if (group === surrogateControl) return ['proxy']
  if (group.id === 'cdn-cache-control') return ['shared', 'proxy']
  return [...(browser_only ? [] : ['shared', 'proxy']), ...(browser_skip ? [] : ['private'])]
}

/**
 * Where the suite does not test a browser, its client counts on a fetch without cache modes. Of undici's modes only
 * force-cache adds no fields to a request; undici does nothing else with it.
 */
function cacheMode() {
  return mode === 'private' ? {} : { cache: 'force-cache' }
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

/** Has the parent put a proxy in front of the origin; resolves to its URL. */
async function proxyOf(origin) {
  process.send({ origin })
  const [{ base }] = await once(process, 'message')
  return base
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
