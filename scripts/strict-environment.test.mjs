import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { root } from './steps.mjs'

/** What nobody caught, as a statement. */
const troubles = {
  'a rejection that nobody handled': 'Promise.reject(new Error("trouble"))',
  'an exception that nobody caught': 'setImmediate(() => { throw new Error("trouble") })',
  'a warning': 'process.emitWarning("trouble")'
}
const after = (turns, then) =>
  `let turns = ${turns}; const turn = () => { if (turns--) setImmediate(turn); else { ${then} } }; turn()`
const turns = (count) => `await new Promise((resolve) => { ${after(count, 'resolve()')} })`
/** When it comes. */
const moments = {
  'while a test runs': (trouble) => `it('one', async () => { ${trouble}; ${turns(2)} })`,
  'just when a test ends': (trouble) => `it('one', () => { ${trouble} })`,
  'some turns after the last test has ended': (trouble) => `it('one', () => { ${after(8, trouble)} })`,
  'some turns after another test has ended': (trouble) =>
    `it('one', () => { ${after(8, trouble)} }); it('two', async () => { ${turns(20)} })`,
  'in a beforeAll': (trouble) => `beforeAll(() => { ${trouble} }); it('one', () => {})`,
  'in an afterEach': (trouble) => `afterEach(() => { ${trouble} }); it('one', () => {})`,
  'in an afterAll': (trouble) => `afterAll(() => { ${trouble} }); it('one', () => {})`,
  'while the file is read': (trouble) => `${trouble}; it('one', () => {})`,
  never: () => `it('one', () => {})`
}

/** Runs the test files of a folder as the tests of this project are run; resolves to what became of each file. */
async function run(folder, ...args) {
  const config = {
    testEnvironment: join(root, 'scripts/strict-environment.mjs'),
    rootDir: folder,
    testPathIgnorePatterns: [],
    transform: {}
  }
  writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config))
  const jest = join(root, 'node_modules/jest/bin/jest.js')
  const command = [jest, '--config', join(folder, 'jest.config.json'), '--json', '--silent', ...args]
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 1e8 }).catch((error) => error)
  return JSON.parse(stdout).testResults
}

describe('a test file', () => {
  let folder
  const passed = new Map()

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strict-'))
    const files = new Map()
    for (const [what, trouble] of Object.entries(troubles)) {
      for (const [when, fileWith] of Object.entries(moments)) {
        const file = join(folder, `${files.size}.test.js`)
        writeFileSync(file, `${fileWith(trouble)}\n`)
        files.set(file, `${what} ${when}`)
      }
    }
    for (const { name, status } of await run(folder, '-w', '2')) passed.set(files.get(name), status)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe.each(Object.keys(troubles))('with %s', (what) => {
    it.each(Object.keys(moments))('%s (row P1)', (when) => {
      expect(passed.get(`${what} ${when}`)).toBe(when === 'never' ? 'passed' : 'failed')
    })
  })
})

describe('a timer that a test file leaves behind', () => {
  it('does not run in the time of the next file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strict-'))
    const left = JSON.stringify(join(folder, 'left'))
    const leaves = `it('one', () => void setTimeout(() => require('node:fs').writeFileSync(${left}, ''), 50).unref())`
    const looks = `it('one', async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(require('node:fs').existsSync(${left})).toBe(false)
    })`
    const promises = "it('one', async () => { await require('node:util').promisify(setTimeout)(1) })"
    for (const [file, text] of Object.entries({ leaves, looks, promises })) {
      writeFileSync(join(folder, `${file}.test.js`), text)
    }
    const order =
      'module.exports = class { sort = (tests) => tests.sort((a, b) => (a.path < b.path ? -1 : 1)); shard = (tests) => tests; cacheResults() {} }'
    writeFileSync(join(folder, 'order.js'), order)
    const results = await run(folder, '--runInBand', '--testSequencer', join(folder, 'order.js'))
    rmSync(folder, { recursive: true, force: true })
    expect(results.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed'])
  }, 60_000)
})
