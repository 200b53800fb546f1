import { beforeAll, describe, it } from '@jest/globals'
import { flat } from './many-responses.js'
import { needStrace } from './strace.js'

beforeAll(needStrace, 120_000)

describe('a folder with many responses', () => {
  it(
    'opening it, a hit and storing ask the system as often as with few, and list nothing (row D16)',
    () => flat(4, 3_000),
    300_000
  )
})
