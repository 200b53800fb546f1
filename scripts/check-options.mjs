// Keeps docs/options.md what the doc comments of the options say, and the tables of the packages' READMEs in step with it. Each
// example runs: it may make agents, and sends nothing. With --write the page is written.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { codeBlocks } from './check-docs.mjs'
import { idsIn, shortDefault } from './option-comments.mjs'
import { exportFaults, optionsPage } from './options-page.mjs'
import { readFiles, report } from './source-files.mjs'
import { root, run } from './steps.mjs'

const page = 'docs/options.md'

/** A default that can be compared letter by letter; others are described. */
export const isLiteral = /^(?:\d|'|\[|true$|false$)/

/** What is wrong with the table of options in a README: each has a row, with its default and, if any row has them, its ids. */
export function rowFaults(path, readme, options) {
  const rowOf = (name) => new RegExp(`^\\| \`${name}[\`(].*`, 'm').exec(readme)?.[0]
  const hasIds = options.some(({ name }) => idsIn(rowOf(name) ?? '').length > 0)
  return options.flatMap((option) => {
    const at = `${path}: ${option.name}`
    const row = rowOf(option.name)
    if (row === undefined) return [`${at} has no row in the table of options`]
    const [wanted, given] = [shortDefault(option.defaultValue), shortDefault(row.split('|')[2].trim())]
    const ids = idsIn(row).join(', ')
    return [
      ...(isLiteral.test(wanted) && given !== wanted ? [`${at}: its default is ${wanted}, not ${given}`] : []),
      ...(hasIds && ids !== option.ids.join(', ')
        ? [`${at}: its requirements are ${option.ids.join(', ') || 'none'}, not ${ids || 'none'}`]
        : [])
    ]
  })
}

/** Runs the examples of a page, each as a module in `folder`, in one process of their own; tells what they throw. */
export async function exampleFaults(markdown, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  const examples = codeBlocks(markdown).filter(({ language }) => /^[jt]s$/.test(language))
  for (const { line, text } of examples) writeFileSync(join(folder, `${line}.mjs`), ts.transpile(text, options))
  const lines = JSON.stringify(examples.map(({ line }) => line))
  writeFileSync(join(folder, 'all.mjs'), runAll.replace('LINES', lines))
  try {
    const failed = JSON.parse(await run(process.execPath, [join(folder, 'all.mjs')], { timeoutMs: 60_000 }))
    return failed.map(([line, error]) => `${page}:${line}: the example fails: ${error}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const runAll = `const failed = []
for (const line of LINES) await import('./' + line + '.mjs').catch((error) => failed.push([line, String(error)]))
process.stdout.write(JSON.stringify(failed))
`

/** The page as it should be, and what is wrong with what it is made of. */
export function currentPage() {
  const files = readFiles(['docs', 'packages'], /\.(?:md|ts)$/)
  const { groups } = JSON.parse(readFileSync(join(root, 'scripts/requirements.json'), 'utf8'))
  const { text, faults, options } = optionsPage({ files, groups })
  const names = options.map(({ name }) => name)
  const indexes = [...files].filter(([path]) => /^packages\/[^/]+\/src\/(?:\w+\/)?index\.ts$/.test(path))
  return { files, text, faults: [...faults, ...exportFaults(indexes, names)], options }
}

async function main() {
  const { files, text, faults, options } = currentPage()
  if (process.argv.includes('--write')) writeFileSync(join(root, page), text)
  else if (files.get(page) !== text) faults.push(`${page} is out of date: run \`npm run options\``)
  for (const { readme, options: own } of options) {
    if (readme !== undefined) faults.push(...rowFaults(readme, files.get(readme), own))
  }
  faults.push(...(await exampleFaults(text, join(root, 'node_modules/.cache/options'))))
  report(faults, `${options.flatMap((part) => part.options).length} options are documented`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
