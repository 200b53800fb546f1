// Asks for a path twice, then once for each other path given, prints the bodies, and has nothing more to do.
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'

const [base, path, ...others] = process.argv.slice(2)
// shared, the default: nothing here is meant for one user.
const dispatcher = new Agent().compose(cacheInterceptor({ store: new DictStore() }))

for (const asked of [path, path, ...others]) {
  const { body } = await request(base + asked, { dispatcher })
  console.log(await body.text())
}
// Counted, and not measured: a machine that is busy lets it have few turns, however long they take.
let ticks = 0
setInterval(() => ticks++, 50).unref()
process.on('exit', () => console.log(`left after ${ticks} ticks`))
