// One body size through one API, in a process of its own; hits.mjs starts it.
import { once } from 'node:events'
import { client, loadOurs, readers, withUndiciCache, withYardstick } from './contenders.mjs'
import { sizes } from './origin.mjs'
import { takeTurns } from './rounds.mjs'

const { origin, size, api, read, only, ...limits } = JSON.parse(process.argv[2])
const ours = await loadOurs()

let dispatchers = {
  yardstick: withYardstick(),
  'yardstick again': withYardstick(),
  undici: withUndiciCache(),
  'yardstick, share': withYardstick({ share: true })
}
if (!ours.missing) {
  dispatchers.ours = client(ours.with({}))
  dispatchers['ours, share'] = client(ours.with({ shareBodies: true }))
}
if (only) dispatchers = { [only]: dispatchers[only] }

const url = `${origin}/${size}/hit`
const contenders = {}
for (const [name, dispatcher] of Object.entries(dispatchers)) {
  contenders[name] = async () => {
    const bytes = await readers[api][read](url, dispatcher)
    if (bytes !== sizes[size]) throw new Error(`${name}: ${bytes} bytes instead of ${sizes[size]}`)
  }
  await contenders[name]()
  await new Promise((resolve) => setTimeout(resolve, 20)) // a store may still be at work
}

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, limits)
// All of it has to be on its way first: a long message is cut by the end of the channel.
process.send({ ...result, missing: ours.missing, forwarded: 0 }, () => process.disconnect())
