// Prints what importing the packages changes in the process: listeners, globals, functions of node:fs, what is open.
import fs from 'node:fs'
import 'undici'

function look() {
  return {
    listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
    globals: Object.getOwnPropertyNames(globalThis).sort(),
    open: process.getActiveResourcesInfo(),
    exit: [process.exit, process.emit, process.reallyExit].map(String),
    fs: Object.entries(fs).map(([name, value]) => `${name} ${typeof value === 'function' ? value.length : ''}`)
  }
}

// Streams of the process are made, with their listeners, when they are first used.
console.error('')
const functions = { ...fs }
const before = look()
await import('@cc/core')
await import('@cc/store-dict')
await import('@cc/store-file')
const after = look()
const replaced = Object.keys(functions).filter((name) => fs[name] !== functions[name])
console.log(JSON.stringify({ before, after, replaced }))
