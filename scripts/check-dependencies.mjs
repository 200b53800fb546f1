// The dependency rule of docs/architecture.md: imports point toward rules/, never back, and never in a circle.
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { readFiles, report } from './source-files.mjs'

/** The layers of core, lowest first; a file imports from its own layer or from a lower one. */
const layers = [
  ['rules', /^rules\//],
  ['store', /^(store|errors)\.ts$/],
  ['services', /^(?!(index|store|errors)\.ts$)(?:options\/)?[^/]+\.ts$/],
  ['undici', /^undici\//],
  ['index', /^index\.ts$/],
  ['testing', /^testing\//],
  ['fetch', /^fetch\//],
  ['bin', /^bin\//]
]
const layerOf = (file) => layers.findIndex(([, matching]) => matching.test(file))
const layerName = (file) => layers[layerOf(file)]?.[0] ?? file

/** What a rule must not reach for: time, chance and the outside are handed in. */
const impureGlobals = new Set(
  'process performance crypto Buffer console fetch globalThis global require setTimeout setInterval setImmediate queueMicrotask'.split(
    ' '
  )
)
const impureMembers = new Set(['Date.now', 'Math.random'])

/** The one package that rules/ imports, and the one file that does. */
const parser = 'structured-headers'
const parserImporter = 'rules/structured-fields.ts'

/** The package folder, `src` or `test`, and the path below it. */
const parts = (path) => /^packages\/([^/]+)\/(src|test)\/(.*)$/.exec(path)
const isTest = (path) => /\.test\.ts$|^packages\/[^/]+\/test\//.test(path)

/** Every import, export from, `import()`, `require()` and `import('…')` type of a file: `{ name, typeOnly, line }`. */
export function importsOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
  const imports = []
  const add = (node, name, typeOnly) => {
    while (ts.isAsExpression(name) || ts.isParenthesizedExpression(name)) name = name.expression
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    imports.push({ name: ts.isStringLiteralLike(name) ? name.text : undefined, typeOnly, line })
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.isTypeOnly === true)
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true)
    else if (ts.isExternalModuleReference(node)) add(node, node.expression, false)
    else if (ts.isCallExpression(node) && node.arguments.length > 0) {
      const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require'
      if (isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return imports
}

/** Uses of the clock, of chance and of the outside in a file: `{ what, line }`. */
export function impuritiesOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found = []
  const add = (node, what) =>
    found.push({ what, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 })
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node) && impureMembers.has(node.getText(file))) add(node, node.getText(file))
    if (ts.isIdentifier(node) && node.text === 'Date') {
      const isCreated = ts.isNewExpression(node.parent) && node.parent.expression === node
      const isCalled = ts.isCallExpression(node.parent) && node.parent.expression === node
      if (isCalled || (isCreated && !node.parent.arguments?.length)) add(node, isCalled ? 'Date()' : 'new Date()')
    }
    if (ts.isIdentifier(node) && impureGlobals.has(node.text)) {
      const { parent } = node
      const isName =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (!ts.isShorthandPropertyAssignment(parent) && !ts.isExpressionStatement(parent) && parent.name === node)
      if (!isName) add(node, node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** What is wrong with an import from one file of core to another, both as paths below src. */
function layerFault(file, target) {
  if (layerName(target) === 'testing' && layerName(file) !== 'testing') return 'only tests use the testing kit'
  if (layerOf(file) < layerOf(target)) return `${layerName(file)} must not import ${layerName(target)}`
  return undefined
}

/** What is wrong with an import of another package. */
function packageFault(path, { name, typeOnly }, manifest) {
  const [, pkg, , file] = parts(path)
  const packageName = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
  if (packageName.startsWith('@cc/store-') && packageName !== manifest.name) {
    if (pkg === 'core' && file === 'default-store.ts') return undefined
    return 'nothing but default-store.ts of core imports a store'
  }
  if (isTest(path)) return undefined
  if (pkg === 'core' && packageName === parser) {
    if (file !== parserImporter) return `only ${parserImporter} imports ${parser}`
    if (name !== parser) return `what ${parser} does not export`
  } else if (pkg === 'core' && layerName(file) === 'rules') return 'a rule imports nothing from outside rules/'
  if (packageName === 'undici') {
    if (pkg === 'core' && layerName(file) === 'fetch') return undefined
    if (pkg !== 'core' || layerName(file) !== 'undici') return 'only undici/ of core knows undici'
    return typeOnly ? undefined : 'core imports types only from undici'
  }
  if (isBuiltin(name)) return name.startsWith('node:') ? undefined : `write node:${name}`
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  return packageName in declared ? undefined : `${packageName} is not a dependency of ${manifest.name}`
}

/** The first circle found through `graph` (path → paths), as the list of its files, or undefined. */
function findCircle(graph) {
  const done = new Set()
  const visit = (path, trail) => {
    const at = trail.indexOf(path)
    if (at >= 0) return [...trail.slice(at), path]
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...trail, path])
      if (circle) return circle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const circle = visit(path, [])
    if (circle) return circle
  }
  return undefined
}

/** What is wrong with a relative import, given the path it leads to. */
function relativeFault(path, target) {
  const [, pkg, area, file] = parts(path)
  if (!target.startsWith(`packages/${pkg}/`)) return 'a relative import leaves its package'
  if (isTest(path)) return undefined
  if (isTest(target) || !target.startsWith(`packages/${pkg}/src/`)) return 'sources do not import tests'
  return pkg === 'core' && area === 'src' ? layerFault(file, parts(target)[3]) : undefined
}

/** All breaches of the rule in `files` (path → text); `manifests` is package folder → package.json. */
export function dependencyFaults(files, manifests) {
  const faults = []
  const graph = new Map()
  for (const [path, text] of files) {
    const [, pkg, , file] = parts(path)
    const inCore = pkg === 'core' && !isTest(path)
    if (inCore && layerOf(file) < 0) faults.push(`${path}: a folder that belongs to no layer`)
    graph.set(path, [])
    for (const found of importsOf(path, text)) {
      let why
      if (found.name === undefined) why = isTest(path) ? undefined : 'an import names its module'
      else if (found.name.startsWith('.')) {
        const target = posix.join(posix.dirname(path), found.name).replace(/\.js$/, '.ts')
        graph.get(path).push(target)
        why = relativeFault(path, target)
      } else why = packageFault(path, found, manifests[pkg])
      if (why) faults.push(`${path}:${found.line}: ${found.name ?? 'a computed import'}: ${why}`)
    }
    if (inCore && layerName(file) === 'rules') {
      for (const { what, line } of impuritiesOf(path, text)) faults.push(`${path}:${line}: a rule does not use ${what}`)
    }
  }
  const circle = findCircle(graph)
  if (circle) faults.push(`a circle of imports: ${circle.join(' → ')}`)
  return faults
}

function main() {
  const files = readFiles(['packages'], /^packages\/[^/]+\/(src|test)\/.*\.ts$/)
  const manifests = Object.fromEntries(
    [...readFiles(['packages'], /^packages\/[^/]+\/package\.json$/)].map(([path, text]) => [
      path.split('/')[1],
      JSON.parse(text)
    ])
  )
  report(dependencyFaults(files, manifests), `${files.size} files keep the dependency rule`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
