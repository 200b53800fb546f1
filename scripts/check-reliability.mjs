// Keeps docs/reliability.md true: row of the fault matrix → what holds → tests that carry the row in their title.
// `--write` writes the file anew.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { testTitles } from './check-requirements.mjs'
import { readFiles, report } from './source-files.mjs'
import { root } from './steps.mjs'

const page = 'docs/reliability.md'
const rowsPattern = /\((?:[A-Z]{2,5}-\d{2}, )*rows? ([A-Z]\d{1,2}(?:, [A-Z]\d{1,2})*)\)/g

const introduction = `# Reliability

Three promises stand over everything: **never a wrong, mixed or truncated response; never one user's response for another; a
cache that fails never fails the request.** This is the list of the faults that core and the stores are made to survive, and of
the tests that inject them. A test names its row in its title, \`it('… (row B3)')\`.

This page is generated: \`npm run requirements\` writes it, \`npm test\` fails if it is out of date or a row has no test.

Three suites cover many rows at once.

- **A store that lies.** A sound store is wrapped in one that does something else: {operation × way to fail × at the first
  call or at every one}, several hundred combinations. The requests of the interceptor's tests are run through each, and
  all that is asserted is what a caller sees: status, fields and bytes as without a cache, in time, nobody warned of anything
  but the store, nothing left open. See [the lies](../conformance/faults/store-lies.ts) and
  [the suite](../conformance/faults/lying-suite.ts).
- **An origin that misbehaves.** A TCP server without the scruples of an HTTP server sends
  [what breaks off, stalls or contradicts itself](../packages/core/test/scripted-origin.ts); then the same request again,
  healthy; then once more, from the cache.
- **A kernel that fails.** Processes with a cache in a folder are traced: the first call of the system that has to do with a
  file of the cache fails, or the process is killed there, then the second one, and so on until there is none left. Each
  time the request has to be answered as without a cache, and the folder has to heal. See
  [the traced calls](../packages/store-file/test/traced-calls.ts).`

/** The rows that a title names. */
export function rowsIn(title) {
  return [...title.matchAll(rowsPattern)].flatMap(([, rows]) => rows.split(', '))
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const link = (path) => `[${path.replace(/^packages\//, '')}](../${path})`

/** What the page should say, and what is wrong: `{ text, faults }`. `tests` is path → text; `matrix` the content of reliability.json. */
export function reliabilityPage({ matrix: { groups, rows, planned }, tests }) {
  const faults = []
  const testedIn = new Map(Object.keys(rows).map((row) => [row, new Set()]))
  for (const [path, text] of tests) {
    for (const row of testTitles(path, text).flatMap(rowsIn)) {
      if (testedIn.has(row)) testedIn.get(row).add(path)
      else faults.push(`${path}: there is no row ${row}`)
    }
  }
  const lines = [introduction]
  for (const [group, title] of Object.entries(groups)) {
    lines.push('', `## ${title}`, '', '| Row | What holds | Tests |', '| --- | --- | --- |')
    for (const [row, holds] of Object.entries(rows)) {
      if (!row.startsWith(group)) continue
      const files = [...testedIn.get(row)]
      if (files.length === 0 && !planned.includes(row)) faults.push(`row ${row} (${holds}): no test carries it`)
      lines.push(`| ${row} | ${cell(holds)} | ${files.length > 0 ? files.map(link).join('<br>') : 'planned'} |`)
    }
  }
  return { text: `${lines.join('\n')}\n`, faults }
}

function main() {
  const matrix = JSON.parse(readFileSync(join(root, 'scripts/reliability.json'), 'utf8'))
  // Also files of cases that several test files run, each with a store of its own.
  const matching = /^(conformance\/.*|packages\/[^/]+\/test\/.*|.*\.test)\.(ts|mjs)$/
  const tests = readFiles(['packages', 'conformance', 'scripts'], matching)
  const { text, faults } = reliabilityPage({ matrix, tests })
  if (process.argv.includes('--write')) writeFileSync(join(root, page), text)
  else if (readFiles(['docs'], /reliability\.md$/).get(page) !== text) {
    faults.push(`${page} is out of date: run \`npm run requirements\``)
  }
  report(faults, `${Object.keys(matrix.rows).length - matrix.planned.length} rows of the fault matrix have tests`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
