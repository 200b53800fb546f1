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
    const config = {
      testEnvironment: join(root, 'scripts/strict-environment.mjs'),
      rootDir: folder,
      testPathIgnorePatterns: [],
      transform: {}
    }
    writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config))
    const jest = join(root, 'node_modules/jest/bin/jest.js')
    const args = [jest, '--config', join(folder, 'jest.config.json'), '--json', '--silent', '-w', '2']
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 }).catch((error) => error)
    const { testResults } = JSON.parse(stdout)
    for (const { name, status } of testResults) passed.set(files.get(name), status)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe.each(Object.keys(troubles))('with %s', (what) => {
    it.each(Object.keys(moments))('%s (row P1)', (when) => {
      expect(passed.get(`${what} ${when}`)).toBe(when === 'never' ? 'passed' : 'failed')
    })
  })
})
