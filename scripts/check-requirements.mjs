// Keeps docs/requirements.md true: requirement id → files that name it → tests that carry it.
// `--write` writes the file anew.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { readFiles, report } from './source-files.mjs'
import { root } from './steps.mjs'

const page = 'docs/requirements.md'
const idPattern = /(?<![\w-])[A-Z]{2,5}-\d{2}(?![\w-])/g
const testFunctions = new Set(['describe', 'it', 'test'])

const idsIn = (text, { notRequirements = [] }) =>
  [...new Set(text.match(idPattern))].filter((id) => !notRequirements.includes(id))

/** `describe`, `it.each`, `` test.each`…` `` and the like: the name that a call begins with. */
function calledName(expression) {
  if (ts.isIdentifier(expression)) return expression.text
  if (ts.isPropertyAccessExpression(expression)) return calledName(expression.expression)
  if (ts.isCallExpression(expression)) return calledName(expression.expression)
  if (ts.isTaggedTemplateExpression(expression)) return calledName(expression.tag)
  return undefined
}

function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')
  }
  return undefined
}

/** All titles in a test file: of its groups and tests, and texts in the tables of `it.each([…])`. */
export function testTitles(path, text) {
  const titles = []
  const add = (node) => {
    const title = textOf(node)
    if (title !== undefined) titles.push(title)
    return title !== undefined
  }
  const addAll = (node) => add(node) || ts.forEachChild(node, (child) => void addAll(child))
  const visit = (node) => {
    if (ts.isCallExpression(node) && testFunctions.has(calledName(node.expression))) {
      const [first] = node.arguments
      const isTable = ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'each'
      if (first && isTable) addAll(first)
      else if (first) add(first)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false))
  return titles
}

/** Comments of a source file, joined: all that stands between its tokens. */
export function commentsIn(text) {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true)
  const comments = []
  const visit = (node) => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(file)
    if (children.length > 0) children.forEach(visit)
    else comments.push(text.slice(node.getFullStart(), node.getStart(file, false)).trim())
  }
  visit(file)
  return comments.filter(Boolean).join('\n')
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
const link = (path) => `[${path.replace(/^packages\//, '')}](../${path})`

/** Ids that stand in a source file as texts of their own: what a decision names as its reason. */
export function idsOfDecisions(text) {
  return [...new Set([...text.matchAll(/(['"`])([A-Z]{2,5}-\d{2})\1/g)].map(([, , id]) => id))]
}

/**
 * What the page should say, and what is wrong: `{ text, faults }`. `sources` and `tests` are path → text;
 * `requirements` is the content of requirements.json.
 */
export function requirementsPage({ requirements, sources, tests }) {
  const { groups, required, planned } = requirements
  const all = { ...required, ...planned }
  const faults = []
  const known = (id, path) => {
    if (id in all) return true
    faults.push(`${path}: ${id} is not a requirement`)
    return false
  }

  const implementedIn = new Map(Object.keys(all).map((id) => [id, []]))
  for (const [path, text] of sources) {
    for (const id of idsIn(commentsIn(text), requirements)) {
      if (known(id, path)) implementedIn.get(id).push(path)
    }
    for (const id of idsOfDecisions(text)) known(id, path)
  }
  const testedBy = new Map(Object.keys(all).map((id) => [id, new Map()]))
  for (const [path, text] of tests) {
    for (const title of testTitles(path, text)) {
      for (const id of idsIn(title, requirements)) {
        if (!known(id, path)) continue
        const files = testedBy.get(id)
        files.set(path, [...new Set([...(files.get(path) ?? []), title])])
      }
    }
  }
  for (const id of Object.keys(required)) {
    if (testedBy.get(id).size === 0) faults.push(`${id} (${required[id]}): no test carries this id`)
  }

  const lines = [
    '# Requirements',
    '',
    'What the cache does, id by id: the files that name the id in a comment, and the tests that carry it in their title.',
    'This page is generated: `npm run requirements` writes it, `npm test` fails if it is out of date.'
  ]
  for (const [group, title] of Object.entries(groups)) {
    const ids = Object.keys(all).filter((id) => id.startsWith(`${group}-`))
    if (ids.length === 0) continue
    lines.push('', `## ${title}`, '', '| Id | Requirement | Implemented in | Tests |', '| --- | --- | --- | --- |')
    for (const id of ids) {
      const isPlanned = id in planned
      const files = implementedIn.get(id).map(link).join('<br>')
      const titles = [...testedBy.get(id)].flatMap(([path, found]) => found.map((t) => `${link(path)} › ${cell(t)}`))
      lines.push(`| ${id} | ${cell(all[id])}${isPlanned ? ' (planned)' : ''} | ${files} | ${titles.join('<br>')} |`)
    }
  }
  return { text: `${lines.join('\n')}\n`, faults }
}

function main() {
  const requirements = JSON.parse(readFileSync(join(root, 'scripts/requirements.json'), 'utf8'))
  const code = readFiles(['packages', 'conformance'], /\.ts$/)
  const isTest = (path) => path.endsWith('.test.ts')
  const tests = new Map([...code].filter(([path]) => isTest(path)))
  const sources = new Map([...code].filter(([path]) => /^packages\/[^/]+\/src\//.test(path) && !isTest(path)))
  const { text, faults } = requirementsPage({ requirements, sources, tests })
  if (process.argv.includes('--write')) writeFileSync(join(root, page), text)
  else if (readFiles(['docs'], /requirements\.md$/).get(page) !== text) {
    faults.push(`${page} is out of date: run \`npm run requirements\``)
  }
  report(faults, `${Object.keys(requirements.required).length} requirements have tests`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
