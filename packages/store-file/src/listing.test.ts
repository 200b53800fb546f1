import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

it('leaves out keys whose file is damaged, or is of another key (row D3)', async () => {
  const store = new FileStore(folder)
  for (const key of ['whole', 'cut']) await put(store, key, 100)
  const layout = new Layout(folder)
  const cut = layout.keyFile(hashOf('cut'))
  writeFileSync(cut, readFileSync(cut).subarray(0, -1))
  mkdirSync(layout.entriesFolder(hashOf('other')), { recursive: true })
  copyFileSync(layout.keyFile(hashOf('whole')), layout.keyFile(hashOf('other')))
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  expect(keys).toEqual(['whole'])
})
