import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './steps.mjs'

/** The binary of another version of node, fetched once. */
export async function nodeBinary(version) {
  const folder = join(root, 'node_modules/.cache', `node-${version}`)
  const binary = join(folder, 'node_modules/node/bin/node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
    await run('npm', ['install', `node@${version}`, '--no-audit', '--no-fund'], { cwd: folder })
  }
  const shown = await run(binary, ['--version'])
  assert.match(shown, new RegExp(`^v${version}\\.`))
  return binary
}
