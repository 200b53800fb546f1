import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@cc/store-file'
import { afterAll } from '@jest/globals'
import { describeSameVerdicts } from '../public-suite/same-verdicts.js'

const folder = mkdtempSync(join(tmpdir(), 'store-file-suite-'))

describeSameVerdicts('FileStore', ['private'], () => new FileStore(mkdtempSync(join(folder, 'mode-'))))

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }))
