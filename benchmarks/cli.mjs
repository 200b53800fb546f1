import { fork } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sizes, startOrigin } from './origin.mjs'
import { timeOf } from './rounds.mjs'

const apis = ['request', 'fetch']

/** Whether the module at `url` is the program that was started. */
export function ran(url) {
  return realpathSync(process.argv[1]) === fileURLToPath(url)
}

/**
 * Reads the command line: sizes and APIs by name, all of them if none is named. `rounds`, `sizes` and `apis` are those of a
 * program that has others than most.
 */
export function options(argv, { rounds = 60, sizes: known = sizes, apis: knownApis = apis } = {}) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: String(rounds) },
      'turn-ms': { type: 'string', default: '2' },
      'warm-up-ms': { type: 'string', default: '1000' },
      read: { type: 'string', default: 'arrayBuffer' },
      only: { type: 'string' },
      most: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' }
    }
  })
  const names = [...Object.keys(known), ...knownApis]
  const unknown = positionals.find((name) => !names.includes(name))
  if (unknown) throw new TypeError(`${unknown} is none of ${names.join(', ')}`)
  const named = (from) => from.filter((name) => positionals.includes(name))
  const orAll = (from) => (named(from).length > 0 ? named(from) : from)
  return {
    sizes: orAll(Object.keys(known)),
    apis: orAll(knownApis),
    rounds: Number(values.rounds),
    turnMs: Number(values['turn-ms']),
    warmUpMs: Number(values['warm-up-ms']),
    read: values.read,
    only: values.only,
    ...(values.most !== undefined && { most: Number(values.most) }),
    ...(values.json !== undefined && { json: resolve(process.env.INIT_CWD ?? '.', values.json) }),
    profile: values.profile
  }
}

/**
 * Runs `file` in a fresh process against a fresh origin and hands back what it measured, once the origin has confirmed
 * that exactly the requests reached it that were meant to: `forwarded` of them, none on a hit.
 */
export async function measure(file, args) {
  const origin = await startOrigin()
  try {
    const child = fork(
      new URL(file, import.meta.url),
      [JSON.stringify({ ...args, origin: origin.url, originPid: origin.pid })],
      {
        execArgv: ['--expose-gc', ...(args.profile ? ['--cpu-prof', `--cpu-prof-dir=${args.profile}`] : [])]
      }
    )
    const exit = once(child, 'exit')
    const message = async () => {
      const [answer] = await Promise.race([once(child, 'message'), exit])
      if (typeof answer !== 'object') throw new Error(`${file} ended with ${answer}`)
      return answer
    }
    await message()
    const before = await origin.requests()
    child.send({ start: true })
    const result = await message()
    const forwarded = (await origin.requests()) - before
    if (forwarded !== result.forwarded) {
      throw new Error(`${file}: ${forwarded} requests at the origin instead of ${result.forwarded}`)
    }
    await exit
    return result
  } finally {
    origin.close()
  }
}

/** Prints a line for each contender and one for each ratio. */
export function printTable({ title, taken, ratios, missing }) {
  console.log(`\n${title}`)
  for (const [name, rounds] of Object.entries(taken)) {
    const nanoseconds = timeOf(rounds)
    const perSecond = Math.round(1e9 / nanoseconds).toLocaleString('en')
    console.log(`  ${name.padEnd(36)} ${perSecond.padStart(8)} /s ${(nanoseconds / 1000).toFixed(1).padStart(9)} µs`)
  }
  for (const { of, to, ...values } of ratios) {
    const [q1, middle, q3, mean] = [values.q1, values.median, values.q3, values.mean].map((value) => value.toFixed(3))
    console.log(`  ${`${of} / ${to}`.padEnd(36)} ${middle}   quartiles ${q1} to ${q3}   means ${mean}`)
  }
  if (missing) console.log(`  ours: skipped, build the packages first (${missing})`)
}
