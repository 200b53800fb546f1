// First bytes of misses of one body size, in a process of its own; first-bytes.mjs starts it.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { request } from 'undici'
import { client, loadOurs } from './contenders.mjs'
import { shuffled } from './rounds.mjs'

const { origin, originPid, size, rounds } = JSON.parse(process.argv[2])
const ours = await loadOurs()
if (ours.missing) throw new Error(`ours cannot be measured: ${ours.missing}`)

/** Requests without a pause between them, after the one that follows a pause. */
const backToBack = 2
/** So long, and all is done that was put off. */
const pauseMs = 3

// Full before the first round, so that each stored response costs the removal of another.
const maxBytes = size === '1KiB' ? 8 * 1024 ** 2 : 100 * 1024 ** 2
const bare = client()
const others = {
  'bare again': client(),
  'empty interceptor': client((dispatch) => (options, handler) => dispatch(options, handler)),
  ours: client(ours.with({ maxBytes }))
}

let requests = 0

/** Reads one response to its end; the nanoseconds until its first byte. */
async function firstByte(dispatcher, asked = size) {
  const start = process.hrtime.bigint()
  const { body } = await request(`${origin}/${asked}/${1e9 + ++requests}`, { dispatcher })
  let first
  body.on('data', () => {
    first ??= process.hrtime.bigint()
  })
  await once(body, 'end')
  return Number(first - start)
}

/** One request after a pause, and some back to back. */
async function visit(dispatcher) {
  await setTimeout(pauseMs)
  const paused = await firstByte(dispatcher)
  let following = 0
  for (let i = 0; i < backToBack; i += 1) following += await firstByte(dispatcher)
  return { paused, following: following / backToBack }
}

/** Bare, the other, the other, bare: what gets slower meanwhile does so for both. */
async function compare(dispatcher) {
  const visits = []
  for (const visited of [bare, dispatcher, dispatcher, bare]) visits.push(await visit(visited))
  const waits = (when) => {
    const [before, first, second, after] = visits.map((visit) => visit[when])
    return { bare: before + after, other: first + second }
  }
  return { paused: waits('paused'), following: waits('following') }
}

/** On one core the client would wait for its origin, which writes much of a long body in one go. Node's other threads go where they like. */
function pin() {
  if (availableParallelism() < 2) return false
  const cores = { [originPid]: 0, [process.pid]: 1 }
  return Object.entries(cores).every(([pid, core]) => spawnSync('taskset', ['-cp', core, pid]).status === 0)
}

const isPinned = pin()
// A process that has run for a while: long bodies alone would be over before the code was compiled.
for (const dispatcher of [bare, ...Object.values(others)]) {
  for (let i = 0; i < 5_000; i += 1) await firstByte(dispatcher, '1KiB')
  for (let i = 0; i < 100; i += 1) await firstByte(dispatcher)
}

process.send({ primed: true })
await once(process, 'message')
const before = requests
const pairs = Object.keys(others).flatMap((of) => [
  { of, when: 'after a pause', waits: [] },
  { of, when: 'back to back', waits: [] }
])
for (let round = 0; round < rounds; round += 1) {
  for (const name of shuffled(Object.keys(others))) {
    const { paused, following } = await compare(others[name])
    const [afterPause, inARow] = pairs.filter(({ of }) => of === name)
    afterPause.waits.push(paused)
    inARow.waits.push(following)
  }
}
process.send({ pairs, isPinned, forwarded: requests - before }, () => process.disconnect())
