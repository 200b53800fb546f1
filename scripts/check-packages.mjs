// What was built is what the manifests promise: every export loads, in ESM and in CommonJS, with the same names, and
// nothing is imported that an installation would not bring.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { importsOf } from './check-dependencies.mjs'
import { readFiles, report } from './source-files.mjs'
import { root, run } from './steps.mjs'

/** All file names in an `exports` map. */
const targets = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(targets))

async function namesOf(folder, specifier, format) {
  const print =
    'console.log(JSON.stringify(Object.keys(names).filter((name) => !/^(default|module\\.exports)$/.test(name)).sort()))'
  const code =
    format === 'esm'
      ? `import * as names from ${JSON.stringify(specifier)}; ${print}`
      : `const names = require(${JSON.stringify(specifier)}); ${print}`
  const type = format === 'esm' ? 'module' : 'commonjs'
  return (await run(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: folder })).trim()
}

/** The one entry that is there for those who have undici at run time. */
const fetchFile = /^@cc\/core\/dist\/fetch\/[^/]+$/

/** Imports of the built files of a package that its manifest does not cover, or that it must not have. */
export function builtImportFaults(files, manifest) {
  const faults = []
  const installed = { ...manifest.dependencies, ...manifest.peerDependencies }
  const isOptional = (name) => manifest.peerDependenciesMeta?.[name]?.optional === true
  for (const [path, text] of files) {
    for (const { name, line } of importsOf(path, text)) {
      const fault = (why) => faults.push(`${path}:${line}: ${name}: ${why}`)
      if (name === undefined) fault('a computed import')
      else if (fetchFile.test(posix.join(posix.dirname(path), name)) && !fetchFile.test(path)) {
        fault('it would bring undici with it')
      } else if (name.startsWith('.') || isBuiltin(name)) continue
      else if (name === 'undici') {
        if (!fetchFile.test(path)) fault('undici is for types only')
      } else if (isOptional(name)) {
        if (!isGuarded(path, text, name)) fault('an optional package is imported outside of try')
      } else if (!(name in installed)) fault('not a dependency')
    }
    if (path.endsWith('.cjs') && /\bimport\(/.test(text)) faults.push(`${path}: a dynamic import in CommonJS`)
  }
  return faults
}

/** Whether every mention of `name` as a module stands inside the block of a `try`. */
function isGuarded(path, text, name) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  let guarded = true
  const visit = (node, inTry) => {
    if (ts.isStringLiteral(node) && node.text === name) {
      const isModule =
        ts.isCallExpression(node.parent) || ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent)
      if (isModule && !inTry) guarded = false
    }
    ts.forEachChild(node, (child) => visit(child, inTry || (ts.isTryStatement(node) && child === node.tryBlock)))
  }
  visit(file, false)
  return guarded
}

async function main() {
  const faults = []
  let count = 0
  for (const [path, text] of readFiles(['packages'], /^packages\/[^/]+\/package\.json$/)) {
    const folder = join(root, path, '..')
    const manifest = JSON.parse(text)
    for (const [name, entry] of Object.entries(manifest.exports)) {
      for (const target of targets(entry)) {
        if (!existsSync(join(folder, target))) faults.push(`${manifest.name}: ${target} does not exist`)
      }
      if (name === './package.json') continue
      const specifier = manifest.name + name.slice(1)
      try {
        const [esm, cjs] = await Promise.all(['esm', 'cjs'].map((format) => namesOf(folder, specifier, format)))
        if (esm !== cjs) faults.push(`${specifier}: ESM exports ${esm}, CommonJS ${cjs}`)
        if (esm === '[]') faults.push(`${specifier}: exports nothing`)
        count += 1
      } catch (error) {
        faults.push(`${specifier}: does not load\n${error.message}`)
      }
    }
    for (const target of Object.values(manifest.bin ?? {})) {
      const isProgram = existsSync(join(folder, target)) && readFileSync(join(folder, target), 'utf8').startsWith('#!')
      if (!isProgram) faults.push(`${manifest.name}: ${target} is no program`)
    }
    const dist = readdirSync(join(folder, 'dist'), { recursive: true }).filter((name) => /\.c?js$/.test(name))
    const built = new Map(
      dist.map((name) => [`${manifest.name}/dist/${name}`, readFileSync(join(folder, 'dist', name), 'utf8')])
    )
    faults.push(...builtImportFaults(built, manifest))
  }
  report(faults, `${count} exports load`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main()
