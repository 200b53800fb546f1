// Links of README.md, CONTRIBUTING.md, SECURITY.md, docs/ and the packages' own READMEs lead somewhere, and their code compiles
// against the built packages. docs/architecture.md names every source file of core. A block marked `ts continued` belongs to the block before it, one marked `js undici-8` is
// about that version of undici, and one marked `js run` is a program that runs to its end. The site has every page of docs/.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { slugOf } from './slug.mjs'
import { readFiles, report } from './source-files.mjs'
import { root, run } from './steps.mjs'

const extensions = { ts: 'mts', typescript: 'mts', js: 'mjs', mjs: 'mjs', javascript: 'mjs', cjs: 'cjs', cts: 'cts' }

/** Fenced blocks of a page: `{ language, words, continued, line, text }`, `line` being that of the first line of code. */
export function codeBlocks(markdown) {
  const blocks = []
  let open
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(.*)$/.exec(line)
    if (open) {
      if (fence?.[2].startsWith(open.fence) && fence[3] === '') {
        blocks.push({ ...open, text: open.lines.join('\n') })
        open = undefined
      } else open.lines.push(line)
    } else if (fence) {
      const [language = '', ...words] = fence[3].trim().split(/\s+/)
      open = { fence: fence[2], language, words, continued: words.includes('continued'), line: index + 2, lines: [] }
    }
  }
  return blocks
}

/** A page without its code, blocks and spans alike; lines stay where they are. */
function proseOf(markdown) {
  let fence
  return markdown
    .split('\n')
    .map((line) => {
      const found = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
      if (fence ? found?.startsWith(fence) : found) {
        fence = fence ? undefined : found
        return ''
      }
      return fence ? '' : line
    })
    .join('\n')
}

/** The anchors that a page offers: its headings, spelled as in their links. */
export function anchorsOf(markdown) {
  const seen = new Map()
  const anchors = new Set()
  for (const [, heading] of proseOf(markdown).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/<[^>]*>/g, '')
    const slug = slugOf(text)
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    anchors.add(times === 0 ? slug : `${slug}-${times}`)
  }
  for (const [, name] of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(name)
  return anchors
}

/** Relative links of a page: `{ target, line }`. */
export function linksOf(markdown) {
  const links = []
  const lines = proseOf(markdown)
    .replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => code.replace(/[[\]()<>]/g, ' '))
    .split('\n')
  for (const [index, line] of lines.entries()) {
    const found = [...line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g), ...line.matchAll(/^\[[^\]]+\]:\s*(\S+)/g)]
    for (const [, target] of [...found, ...line.matchAll(/(?:src|href)="([^"]+)"/g)]) {
      if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) links.push({ target, line: index + 1 })
    }
  }
  return links
}

/** Links of `pages` (path → text) that lead nowhere; `exists` tells whether a path is there. */
export function linkFaults(pages, exists) {
  const faults = []
  for (const [path, text] of pages) {
    for (const { target, line } of linksOf(text)) {
      const [file, anchor] = decodeURI(target).split('#')
      const to =
        file === '' ? path : posix.join(file.startsWith('/') ? '' : posix.dirname(path), file).replace(/\/$/, '')
      if (to.startsWith('..')) faults.push(`${path}:${line}: ${target} leads out of the repository`)
      else if (!exists(to)) faults.push(`${path}:${line}: ${target} does not exist`)
      else if (anchor && pages.has(to) && !anchorsOf(pages.get(to)).has(anchor)) {
        faults.push(`${path}:${line}: ${target}: no such heading`)
      }
    }
  }
  return faults
}

const map = 'docs/architecture.md'

/**
 * Source files of core that the text of the map does not name, and names in the first column of its tables that no file
 * has. A name is the path below the folder, or below `src`, without the ending.
 */
export function mapFaults(text, files) {
  const names = [...files].map((path) => path.replace(/^packages\/core\/src\//, '').replace(/\.ts$/, ''))
  const shortName = (name) => name.replace(/^.*\//, '')
  const named = new Set([...text.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name.replace(/\.ts$/, '')))
  const cells = [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)])
  return [
    ...names
      .filter((name) => !named.has(name) && !named.has(shortName(name)))
      .map(
        (name) => `${map}: names no file packages/core/src/${name}.ts: it belongs into the table or list of its folder`
      ),
    ...cells
      .filter(([, name]) => !names.some((file) => file === name || shortName(file) === name))
      .map(([, name]) => `${map}: there is no file ${name}`)
  ]
}

const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  strict: true,
  skipLibCheck: true,
  allowJs: true,
  checkJs: true,
  noEmit: true
}

/** Errors of the compiler in the code blocks of `pages`, with the line in the page. `folder` is where packages resolve from. */
export function codeFaults(pages, folder) {
  const programs = []
  for (const [path, page] of pages) {
    for (const { language, words, continued, line, text: code } of codeBlocks(page)) {
      const extension = extensions[language]
      if (!extension) continue
      const lines = code.split('\n').map((_, index) => line + index)
      const last = programs.at(-1)
      if (continued && last?.path === path) {
        last.code += `\n${code}`
        last.lines.push(...lines)
      } else programs.push({ path, extension, code, lines, isUndici8: words.includes('undici-8') })
    }
  }
  const files = new Map()
  rmSync(folder, { recursive: true, force: true })
  for (const program of programs) {
    const name = join(folder, `${program.path.replaceAll('/', '-')}-${program.lines[0]}.${program.extension}`)
    mkdirSync(dirname(name), { recursive: true })
    // A block is a module even if it imports nothing, so that blocks do not see each other's names.
    writeFileSync(name, /^c/.test(program.extension) ? program.code : `${program.code}\nexport {}\n`)
    files.set(name, program)
  }
  const diagnosed = [false, true].flatMap((isUndici8) => {
    const names = [...files].filter(([, program]) => program.isUndici8 === isUndici8).map(([name]) => name)
    if (names.length === 0) return []
    const paths = isUndici8 ? { undici: [join(root, 'node_modules/undici-8/index.d.ts')] } : {}
    return [...ts.getPreEmitDiagnostics(ts.createProgram(names, { ...compilerOptions, paths }))]
  })
  const faults = diagnosed.map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    const program = file && files.get(file.fileName)
    if (!program) return `${file?.fileName ?? 'code blocks'}: ${message}`
    return `${program.path}:${program.lines[file.getLineAndCharacterOfPosition(start).line]}: ${message}`
  })
  rmSync(folder, { recursive: true, force: true })
  return { faults, count: programs.length }
}

/** What goes wrong when the programs of `pages` run, each in a process of its own. `folder` is where packages resolve from. */
export async function runFaults(pages, folder) {
  mkdirSync(folder, { recursive: true })
  const programs = [...pages].flatMap(([path, page]) =>
    codeBlocks(page)
      .filter(({ language, words }) => language === 'js' && words.includes('run'))
      .map(({ line, text }) => ({ at: `${path}:${line}`, text }))
  )
  try {
    const faults = await Promise.all(
      programs.map(async ({ at, text }, index) => {
        const file = join(folder, `${index}.mjs`)
        writeFileSync(file, text)
        return run(process.execPath, [file], { timeoutMs: 5 * 60_000 }).then(
          () => [],
          (error) => [`${at}: the program fails: ${error.message}`]
        )
      })
    )
    return faults.flat()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Pages of docs/ that the sidebar of the site has not, and those it has that are not there. `config` is the text of its configuration. */
export function siteFaults(paths, config) {
  const pages = paths.flatMap((path) => /^docs\/([\w-]+)\.md$/.exec(path)?.[1] ?? [])
  const listed = [...config.matchAll(/guide\('[^']*', '([\w-]*)'\)/g)].map(([, name]) => name || 'index')
  return [
    ...pages
      .filter((name) => !listed.includes(name))
      .map((name) => `docs/${name}.md is not in the sidebar of the site`),
    ...listed
      .filter((name) => !pages.includes(name))
      .map((name) => `the sidebar of the site has ${name}, and docs/ has not`)
  ]
}

async function main() {
  const pages = new Map([
    ...readFiles(['docs', 'packages', 'examples', 'conformance', 'benchmarks'], /\.md$/),
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md']
      .filter((name) => existsSync(join(root, name)))
      .map((name) => [name, readFileSync(join(root, name), 'utf8')])
  ])
  const exists = (path) => existsSync(join(root, path))
  const code = codeFaults(pages, join(root, 'node_modules/.cache/docs'))
  const files = readFiles(['packages/core/src'], /(?<!\.test)\.ts$/).keys()
  const named = [...files].filter((path) => !path.startsWith('packages/core/src/testing/'))
  const ran = await runFaults(pages, join(root, 'node_modules/.cache/docs-run'))
  const site = siteFaults([...pages.keys()], readFileSync(join(root, 'docs/.vitepress/config.mts'), 'utf8'))
  report(
    [...linkFaults(pages, exists), ...mapFaults(pages.get(map), named), ...site, ...code.faults, ...ran],
    `${pages.size} pages, ${code.count} pieces of code`
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
