// What a `DictStore` counts for its metadata, divided by what the heap grew by. Arguments: responses a key, fields each.
import { DictStore } from '@cc/store-dict'

const [responsesAKey, fieldsEach] = process.argv.slice(2).map(Number)
const count = 4_000
const now = Date.now()

/** Strings of their own, as they come from a socket. */
const text = (s) => Buffer.from(s).toString('latin1')

/** What is in use when collecting frees no more: some is freed in the background, and not all by the first collection. */
async function used() {
  let least = Number.POSITIVE_INFINITY
  for (let inVain = 0; inVain < 5; ) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    inVain = heapUsed + arrayBuffers > least - 10_000 ? inVain + 1 : 0
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}

function fill(store) {
  for (let n = 0; n < count; n++) {
    const key = text(`https://example.org/a/path/${Math.floor(n / responsesAKey)}`)
    const bodyBytes = 10 * (n % 2)
    // A fraction, so that each time is a number on the heap.
    const time = now + n + 0.5
    const stored = {
      formatVersion: 1,
      key,
      slot: text(`slot ${n}`),
      id: text(`id ${n}`),
      method: 'GET',
      status: 200,
      statusText: 'OK',
      fields: Array.from({ length: fieldsEach }, (_, at) => [text(`X-Name-${at}`), text(`value ${n}`)]),
      selecting: [],
      requestTime: time,
      responseTime: time,
      dropAt: time,
      bodyBytes,
      marks: {}
    }
    store.set(key, new Uint8Array(bodyBytes), () => stored)
  }
  for (let n = 0; n < count / responsesAKey; n++) store.get(`https://example.org/a/path/${n}`)
}

// Once before, so that code and the like are there. All are kept, so that nothing else comes free meanwhile; what still does
// is left over from one of them.
const stores = [new DictStore()]
fill(stores[0])
const ratios = []
let before = await used()
for (let i = 0; i < 5; i++) {
  const store = new DictStore()
  fill(store)
  stores.push(store)
  const after = await used()
  ratios.push(store.bytes / (after - before))
  before = after
}
ratios.sort((one, other) => one - other)
console.log(JSON.stringify({ ratio: ratios[2], size: stores[5].size, ratios }))
