// A thread of a process that works on a folder. With `copy` it loads the package in its other form, as a second copy.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { mixture } from './work.mjs'

const { folder, keys, operations, copy } = workerData
const { FileStore } = copy ? createRequire(import.meta.url)('@cc/store-file') : await import('@cc/store-file')
parentPort.postMessage(await mixture(new FileStore(folder), keys, operations))
