// One body size through one API, in a process of its own; hits.mjs starts it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
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
  dispatchers['ours, unheard'] = client(ours.unheard())
  dispatchers['ours, heard'] = client(ours.with({}))
}
if (only) dispatchers = { [only]: dispatchers[only] }

const url = `${origin}/${size}/hit`
const contenders = {}
for (const [name, dispatcher] of Object.entries(dispatchers)) {
  contenders[name] = async () => {
    const bytes = await readers[api][read](url, dispatcher)
    if (bytes !== sizes[size]) throw new Error(`${name}: ${bytes} bytes instead of ${sizes[size]}`)
  }
  if (name === 'ours, heard') Object.assign(contenders[name], whileHeard())
  await contenders[name]()
  await new Promise((resolve) => setTimeout(resolve, 20)) // a store may still be at work
}

/** Listens to all that our cache tells, as long as it is its turn: the channels belong to the whole process. */
function whileHeard() {
  const names = Object.values(ours.channels)
  const listen = () => {}
  return {
    before: () => names.forEach((name) => void subscribe(name, listen)),
    after: () => names.forEach((name) => void unsubscribe(name, listen))
  }
}

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, limits)
// All of it has to be on its way first: a long message is cut by the end of the channel.
process.send({ ...result, missing: ours.missing, forwarded: 0 }, () => process.disconnect())
