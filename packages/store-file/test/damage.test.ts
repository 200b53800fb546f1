import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Damaged } from './damage.js'
import { damageBody, damageMetadata } from './damage-cases.js'

describe('files that are damaged', () => {
  it('metadata with a small body: cut or changed anywhere, it is a miss that heals (rows D3, D4, X5)', async () => {
    await damageMetadata('/40/a', 3)
  }, 600_000)

  it('metadata of a long body: cut or changed anywhere, it is a miss that heals (rows D4, X5)', async () => {
    await damageMetadata('/300000/a', 3)
  }, 600_000)

  it('a body that is checked before it is served: the origin answers (row D3)', async () => {
    await damageBody('/100000/a', 80, false)
  }, 600_000)

  it('a long body: it ends in an error if not in what was stored, and heals (rows B10, D3)', async () => {
    await damageBody('/2500000/a', 40, true)
  }, 600_000)

  it('one of the files gone: a miss that heals (row D5)', async () => {
    for (const path of ['/40/a', '/300000/a']) {
      const damaged = await Damaged.store(path)
      for (const file of damaged.files.keys()) await damaged.replace(file, undefined)
      expect(damaged.told).toBe('')
    }
  }, 600_000)

  const contents: [string, () => Buffer][] = [
    ['nothing', () => Buffer.alloc(0)],
    ['{}', () => Buffer.from('{}')],
    ['null', () => Buffer.from('null')],
    ['[]', () => Buffer.from('[]')],
    ['a string', () => Buffer.from('"metadata"')],
    ['zeros', () => Buffer.alloc(8192)],
    ['noise', () => randomBytes(8192)],
    ['50 MiB of [', () => Buffer.alloc(50 * 1024 ** 2, '[')]
  ]
  it.each(contents)(
    '%s in place of any file: a miss that heals (rows D4, X5)',
    async (_, content) => {
      for (const path of ['/40/a', '/300000/a']) {
        const damaged = await Damaged.store(path)
        for (const file of damaged.files.keys()) await damaged.replace(file, content())
        expect(damaged.told).toBe('')
      }
    },
    600_000
  )
})
