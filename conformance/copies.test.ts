import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, it } from '@jest/globals'

interface Report {
  readonly areTwo: boolean
  /** Ids of bodies and values of marks. */
  readonly names: readonly string[]
  readonly outcomes: readonly string[]
}

const count = 50
const script = join(__dirname, 'copies/ask.mjs')

async function inProcess(): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, `${count}`])
  return JSON.parse(stdout)
}

function inThread(): Promise<Report> {
  return new Promise((resolve, reject) => {
    new Worker(script, { workerData: count }).once('message', resolve).once('error', reject)
  })
}

it('several processes, threads and copies of the package give no name twice, and use what each other stores (row P5)', async () => {
  const reports = await Promise.all([inProcess(), inProcess(), inThread(), inThread()])
  const names = reports.flatMap(({ names }) => names)
  expect(names).toHaveLength(reports.length * count * 3)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/)
  for (const { areTwo, outcomes } of reports) {
    expect(areTwo).toBe(true)
    expect(outcomes).toEqual(Array(count).fill(['miss', 'hit', 'bypass', 'miss']).flat())
  }
})
