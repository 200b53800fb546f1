import { describe, expect, it } from '@jest/globals'
import { dependencyFaults } from './check-dependencies.mjs'

const manifests = {
  core: {
    name: '@cc/core',
    dependencies: { 'structured-headers': '*' },
    peerDependencies: { undici: '*', '@cc/store-dict': '*' }
  },
  'store-dict': { name: '@cc/store-dict', dependencies: { 'lru-cache': '*' }, peerDependencies: { '@cc/core': '*' } }
}
const sound = {
  'packages/core/src/index.ts':
    "export { intercept } from './undici/intercept.js'\nexport type { Store } from './store.js'",
  'packages/core/src/fetch/index.ts':
    "import { fetch } from 'undici'\nimport { intercept } from '../undici/intercept.js'",
  'packages/core/src/undici/intercept.ts': "import type { Dispatcher } from 'undici'\nimport '../default-store.js'",
  'packages/core/src/default-store.ts':
    "try { await import('@cc/store-dict' as string) } catch {}\nimport 'node:timers'",
  'packages/core/src/store.ts': "import type { Age } from './rules/age.js'",
  'packages/core/src/rules/age.ts': 'export type Age = number\nexport const read = (at: number) => new Date(at)',
  'packages/core/src/rules/structured-fields.ts': "import { parseList } from 'structured-headers'",
  'packages/core/src/rules/age.test.ts': "import fc from 'fast-check'\nimport './age.js'\nprocess.exit(Date.now())",
  'packages/core/src/testing/index.ts': "import type { Store } from '../store.js'",
  'packages/core/test/a.test.ts': "import 'undici'\nimport '../src/testing/index.js'",
  'packages/store-dict/src/index.ts': "import { LRUCache } from 'lru-cache'\nimport type { Store } from '@cc/core'"
}
const faultsWith = (planted) => dependencyFaults(new Map(Object.entries({ ...sound, ...planted })), manifests)
const rule = (text) => faultsWith({ 'packages/core/src/rules/planted.ts': text })

describe('dependencyFaults', () => {
  it('finds nothing in sound files', () => {
    expect(faultsWith({})).toEqual([])
  })

  it.each([
    ["import type { Store } from '../store.js'", 'rules must not import store'],
    ["import { x } from '../errors.js'", 'rules must not import store'],
    ["export type { Dispatcher } from 'undici'", 'a rule imports nothing from outside rules/'],
    ["import { hash } from 'node:crypto'", 'a rule imports nothing from outside rules/'],
    ["import { parseList } from 'structured-headers'", 'only rules/structured-fields.ts imports structured-headers'],
    ["import type { Item } from 'structured-headers'", 'only rules/structured-fields.ts imports structured-headers'],
    ["import { LRUCache } from 'lru-cache'", 'a rule imports nothing from outside rules/'],
    ["import 'structured-headers-extra'", 'a rule imports nothing from outside rules/'],
    ["type S = import('../store.js').Store", 'rules must not import store'],
    ['const now = Date.now()', 'a rule does not use Date.now'],
    ['const now = new Date()', 'a rule does not use new Date()'],
    ['const x = Math.random()', 'a rule does not use Math.random'],
    ['const x = process.env', 'a rule does not use process'],
    ['const x = [Buffer]', 'a rule does not use Buffer']
  ])('finds a rule that reaches outside: %s', (text, why) => {
    expect(rule(text)).toEqual([expect.stringContaining(why)])
  })

  it('lets a rule use such words as names of its own properties', () => {
    expect(rule('export interface A { process: number }\nexport const f = (a: A) => a.process')).toEqual([])
  })

  it.each([
    ['packages/core/src/store.ts', "import './undici/intercept.js'", 'store must not import undici'],
    ['packages/core/src/index.ts', "export * from './fetch/index.js'", 'index must not import fetch'],
    ['packages/core/src/undici/a.ts', "import '../fetch/index.js'", 'undici must not import fetch'],
    ['packages/core/src/clock.ts', "import type { D } from 'undici'", 'only undici/ of core knows undici'],
    ['packages/core/src/undici/a.ts', "import { Agent } from 'undici'", 'core imports types only from undici'],
    ['packages/core/src/undici/a.ts', "import { type Agent } from 'undici'", 'core imports types only from undici'],
    [
      'packages/core/src/undici/a.ts',
      "import '@cc/store-dict'",
      'nothing but default-store.ts of core imports a store'
    ],
    ['packages/core/test/b.test.ts', "import '@cc/store-dict'", 'nothing but default-store.ts of core imports a store'],
    ['packages/core/src/clock.ts', "import './testing/index.js'", 'only tests use the testing kit'],
    ['packages/core/src/clock.ts', "import '../test/a.test.js'", 'sources do not import tests'],
    ['packages/core/src/clock.ts', "import '../../store-dict/src/index.js'", 'a relative import leaves its package'],
    ['packages/core/src/clock.ts', "import 'left-pad'", 'left-pad is not a dependency of @cc/core'],
    [
      'packages/core/src/clock.ts',
      "import 'structured-headers'",
      'only rules/structured-fields.ts imports structured-headers'
    ],
    [
      'packages/core/src/rules/structured-fields.ts',
      "import 'structured-headers/dist/parser.js'",
      'what structured-headers does not export'
    ],
    [
      'packages/core/src/rules/structured-fields.ts',
      "import 'node:util'",
      'a rule imports nothing from outside rules/'
    ],
    ['packages/core/src/rules/structured-fields.ts', "import 'undici'", 'a rule imports nothing from outside rules/'],
    [
      'packages/store-dict/src/a.ts',
      "import 'structured-headers'",
      'structured-headers is not a dependency of @cc/store-dict'
    ],
    ['packages/core/src/clock.ts', "import 'fs'", 'write node:fs'],
    ['packages/core/src/clock.ts', 'const m = await import(name)', 'an import names its module'],
    ['packages/core/src/lib/clock.ts', '', 'a folder that belongs to no layer'],
    ['packages/store-dict/src/a.ts', "import 'undici'", 'only undici/ of core knows undici']
  ])('finds the fault planted in %s: %s', (path, text, why) => {
    expect(faultsWith({ [path]: text })).toEqual([expect.stringContaining(why)])
  })

  it('wants the parser among the dependencies of core', () => {
    const without = { ...manifests, core: { ...manifests.core, dependencies: {} } }
    expect(dependencyFaults(new Map(Object.entries(sound)), without)).toEqual([
      expect.stringContaining('structured-headers is not a dependency of @cc/core')
    ])
  })

  it('finds a circle, also of types', () => {
    const faults = faultsWith({
      'packages/core/src/rules/age.ts': "import type { B } from './b.js'",
      'packages/core/src/rules/b.ts': "import type { Age } from './age.js'"
    })
    expect(faults).toEqual([expect.stringMatching(/^a circle of imports: .*age\.ts.*b\.ts.*age\.ts$/)])
  })
})
