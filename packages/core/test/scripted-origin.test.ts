import { stores } from './harness.js'
import { threeRequests } from './scripted-requests.js'

for (const [kind, make] of stores) threeRequests(kind, make)
