import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './steps.mjs'

const ignored = new Set(['node_modules', 'dist', '.git', '.turbo', '.vitepress', 'coverage'])

/** Files below the folders, as path → text; paths are relative to the root and have forward slashes. Missing folders hold nothing. */
export function readFiles(folders, matching) {
  const found = new Map()
  const visit = (folder) => {
    let entries
    try {
      entries = readdirSync(folder, { withFileTypes: true })
    } catch (error) {
      if (error.code === 'ENOENT') return
      throw error
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!ignored.has(entry.name)) visit(path)
        continue
      }
      const name = relative(root, path).split(sep).join('/')
      if (matching.test(name)) found.set(name, readFileSync(path, 'utf8'))
    }
  }
  for (const folder of folders) visit(join(root, folder))
  return found
}

/** Prints what is wrong and sets the exit code, or says that all is well. */
export function report(faults, allWell) {
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
  else console.log(allWell)
}
