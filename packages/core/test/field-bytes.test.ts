import { fieldBytes } from './field-bytes.js'
import { stores } from './harness.js'

for (const [kind, make] of stores) fieldBytes(kind, make)
