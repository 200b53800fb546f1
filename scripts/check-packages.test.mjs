import { describe, expect, it } from '@jest/globals'
import { builtImportFaults } from './check-packages.mjs'

const manifest = {
  dependencies: { 'lru-cache': '*' },
  peerDependencies: { undici: '*', '@cc/store-dict': '*' },
  peerDependenciesMeta: { '@cc/store-dict': { optional: true } }
}
const faultsIn = (text, path = 'index.js') => builtImportFaults(new Map([[path, text]]), manifest)

describe('builtImportFaults', () => {
  it('allows dependencies, node itself and an optional package inside try', () => {
    expect(faultsIn("import 'lru-cache'\nimport 'node:fs'\ntry { await import('@cc/store-dict') } catch {}")).toEqual(
      []
    )
    expect(faultsIn("try { require('@cc/store-dict') } catch {}", 'index.cjs')).toEqual([])
  })

  it('allows undici in the entry that is for fetch', () => {
    expect(faultsIn("import { fetch } from 'undici'\nimport '../index.js'", '@cc/core/dist/fetch/index.js')).toEqual([])
    expect(faultsIn("require('undici')", '@cc/core/dist/fetch/index.cjs')).toEqual([])
  })

  it.each([
    ["import './fetch/index.js'", '@cc/core/dist/index.js', 'it would bring undici with it'],
    ["require('../fetch/index.cjs')", '@cc/core/dist/testing/index.cjs', 'it would bring undici with it'],
    ["import 'undici'", '@cc/core/dist/chunk-fetch.js', 'undici is for types only'],
    ["import { Agent } from 'undici'", 'index.js', 'undici is for types only'],
    ["const undici = require('undici')", 'index.cjs', 'undici is for types only'],
    ["import '@cc/store-dict'", 'index.js', 'outside of try'],
    ["try {} catch { await import('@cc/store-dict') }", 'index.js', 'outside of try'],
    ["import 'left-pad'", 'index.js', 'not a dependency'],
    ["try { import('@cc/store-dict') } catch {}", 'index.cjs', 'a dynamic import in CommonJS']
  ])('finds the fault in %s', (text, path, why) => {
    expect(faultsIn(text, path)).toEqual([expect.stringContaining(why)])
  })
})
