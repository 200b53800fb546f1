// Keeps docs/options.md true: every option of an interface has a section, with the default and the requirement ids of
// its doc comment and an example that names it and runs, and every section is about an option there is.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { codeBlocks } from './check-docs.mjs'
import { readFiles, report } from './source-files.mjs'
import { root, run } from './steps.mjs'

const page = 'docs/options.md'
/** The interfaces whose members are options, the heading they are under, and the README that lists them. */
const documented = [
  {
    heading: 'Options of `cacheInterceptor`',
    file: 'packages/core/src/options.ts',
    name: 'CacheOptions',
    readme: 'packages/core/README.md'
  },
  {
    heading: 'Options of `createFetch`',
    file: 'packages/core/src/fetch/create-fetch.ts',
    name: 'FetchOptions',
    readme: 'packages/core/README.md'
  },
  {
    heading: 'Options of `DictStore`',
    file: 'packages/store-dict/src/dict-store.ts',
    name: 'DictStoreOptions',
    readme: 'packages/store-dict/README.md'
  },
  {
    heading: 'Options of `FileStore`',
    file: 'packages/store-file/src/options.ts',
    name: 'FileStoreOptions',
    readme: 'packages/store-file/README.md'
  },
  {
    heading: 'Options of `RedisStore`',
    file: 'packages/store-redis/src/options.ts',
    name: 'RedisStoreOptions',
    readme: 'packages/store-redis/README.md'
  },
  {
    heading: 'Options of `fromKeyValue`',
    file: 'packages/bridges/src/options.ts',
    name: 'KeyValueStoreOptions',
    readme: 'packages/bridges/README.md'
  }
]

const idPattern = /(?<![\w-])[A-Z]{2,5}-\d{2}(?![\w-])/g
const idsIn = (text) => [...new Set(text.match(idPattern))].sort()

/** The members of an interface as their doc comments have them: `{ name, default, ids }`. `default` is `unset` without one. */
export function optionsOf(source, interfaceName) {
  const file = ts.createSourceFile('options.ts', source, ts.ScriptTarget.Latest, true)
  const declared = file.statements.find((s) => ts.isInterfaceDeclaration(s) && s.name.text === interfaceName)
  if (declared === undefined) throw new Error(`there is no interface ${interfaceName}`)
  return declared.members.map((member) => {
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'defaultValue')
    const comments = ts.getJSDocCommentsAndTags(member).map((comment) => comment.getText())
    const unset = tag === undefined ? 'unset' : ts.getTextOfJSDocComment(tag.comment)
    return { name: member.name.getText(), default: shortDefault(unset ?? ''), ids: idsIn(comments.join('\n')) }
  })
}

/** The value of a default without what is said of it: `86_400 (a day)` and `` `86400` `` are the same. */
function shortDefault(text) {
  const value = text.split('\n')[0].split(' (')[0].replaceAll('`', '').trim()
  return /^(?:unset|none)\b/.exec(value)?.[0] ?? value.replace(/(?<=\d)_(?=\d)/g, '')
}

/** Sections of a page: `{ heading, level, line, text }`; `text` goes to the next heading of the same or a higher level. */
function sectionsOf(markdown) {
  const lines = markdown.split('\n')
  const blocks = codeBlocks(markdown).map(({ line, text }) => [line, line + text.split('\n').length])
  const isCode = (line) => blocks.some(([first, after]) => line >= first && line < after)
  const headings = lines.flatMap((text, i) => {
    const found = isCode(i + 1) ? null : /^(#{1,6})\s+(.*?)\s*$/.exec(text)
    return found === null ? [] : [{ heading: found[2], level: found[1].length, line: i + 1 }]
  })
  return headings.map((one, i) => {
    const next = headings.slice(i + 1).find(({ level }) => level <= one.level)
    return { ...one, text: lines.slice(one.line, next && next.line - 1).join('\n') }
  })
}

/** What is wrong with the part of `markdown` under `heading`, which is about `options`. */
export function optionFaults(markdown, heading, options) {
  const part = sectionsOf(markdown).find((section) => section.level === 2 && section.heading === heading)
  if (part === undefined) return [`${page}: there is no heading "${heading}"`]
  const sections = sectionsOf(part.text).filter(({ level }) => level === 3)
  const faults = []
  for (const option of options) {
    const own = sections.filter((section) => section.heading === `\`${option.name}\``)
    const at = `${page}:${part.line + (own[0]?.line ?? 0)}: ${option.name}`
    if (own.length !== 1) faults.push(`${at} has ${own.length} sections under "${heading}"`)
    else faults.push(...sectionFaults(own[0].text, option).map((fault) => `${at}: ${fault}`))
  }
  for (const section of sections) {
    const isKnown = options.some(({ name }) => section.heading === `\`${name}\``)
    if (!isKnown) faults.push(`${page}:${part.line + section.line}: ${section.heading} is no option`)
  }
  return faults
}

function sectionFaults(text, option) {
  const line = (label) => new RegExp(`^- ${label}: (.+)$`, 'm').exec(text)?.[1]
  const faults = ['Value', 'Default', 'Requirements']
    .filter((label) => line(label) === undefined)
    .map((label) => `it has no line "- ${label}: …"`)
  const given = line('Default')
  if (given !== undefined && shortDefault(given) !== option.default) {
    faults.push(`its default is ${option.default}, not ${shortDefault(given)}`)
  }
  const ids = line('Requirements')
  if (ids !== undefined && (idsIn(ids).join() || ids) !== (option.ids.join() || 'none')) {
    faults.push(`its requirements are ${option.ids.join(', ') || 'none'}, not ${ids}`)
  }
  const isNamed = new RegExp(`(?<![\\w$])${option.name}(?![\\w$])`)
  if (!codeBlocks(text).some((block) => isNamed.test(block.text))) faults.push('no example names it')
  return faults
}

/** A default that can be compared letter by letter; others are described. */
const isLiteral = /^(?:\d|'|\[|true$|false$)/

/** What is wrong with the table of options in a README: each has a row, with its default and, if any row has them, its ids. */
export function rowFaults(path, readme, options) {
  const rowOf = (name) => new RegExp(`^\\| \`${name}[\`(].*`, 'm').exec(readme)?.[0]
  const hasIds = options.some(({ name }) => idsIn(rowOf(name) ?? '').length > 0)
  return options.flatMap((option) => {
    const at = `${path}: ${option.name}`
    const row = rowOf(option.name)
    if (row === undefined) return [`${at} has no row in the table of options`]
    const given = shortDefault(row.split('|')[2].trim())
    const ids = idsIn(row).join(', ')
    return [
      ...(isLiteral.test(option.default) && given !== option.default
        ? [`${at}: its default is ${option.default}, not ${given}`]
        : []),
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

async function main() {
  const files = readFiles(['docs', 'packages'], /\.(?:md|ts)$/)
  const markdown = files.get(page)
  const faults = []
  let count = 0
  for (const { heading, file, name, readme } of documented) {
    const options = optionsOf(files.get(file), name)
    count += options.length
    faults.push(...optionFaults(markdown, heading, options), ...rowFaults(readme, files.get(readme), options))
  }
  faults.push(...(await exampleFaults(markdown, join(root, 'node_modules/.cache/options'))))
  report(faults, `${count} options are documented`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
