// How long the longest turn of the event loop is while the cache does what could take long, in milliseconds of the
// processor: what else the machine does is left out. Argument: rounds. No network takes part; the origin is a function.

import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { ElsewhereStore } from '../soak/stores.mjs'
import { processorMs } from './processor-time.mjs'

const MIB = 2 ** 20
const rounds = Number(process.argv[2])
process.on('warning', () => {})

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** The longest turn until `work` is over. */
async function longestTurn(work) {
  gc()
  await turn()
  let isOver = false
  let longest = 0
  let before = processorMs()
  const watching = (async () => {
    while (!isOver) {
      await turn()
      const now = processorMs()
      longest = Math.max(longest, now - before)
      before = now
    }
  })()
  await work()
  isOver = true
  await watching
  return longest
}

/** An origin that answers with these fields and chunks, some of them in each turn. */
function originOf(given, chunks = [Buffer.from('ok')], inTurn = 1) {
  const length = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const fields = [...given, ['Content-Length', `${length}`]]
  const headers = {}
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    headers[lower] = headers[lower] === undefined ? value : [headers[lower], value].flat()
  }
  const rawHeaders = fields.flat().map((text) => Buffer.from(text))
  return (_opts, handler) => {
    const controller = { aborted: false, paused: false, reason: null, rawHeaders, pause() {}, resume() {}, abort() {} }
    void (async () => {
      handler.onRequestStart(controller, {})
      handler.onResponseStart(controller, 200, headers, 'OK')
      for (let n = 0; n < chunks.length; n++) {
        handler.onResponseData(controller, chunks[n])
        if (n % inTurn === inTurn - 1) await turn()
      }
      handler.onResponseEnd(controller, {})
    })()
    return true
  }
}

/** A client of a cache whose decisions come with the answers. */
function clientOf(store, origin) {
  const waiting = []
  const onDecision = (decision) => waiting.shift()?.(decision)
  const dispatch = cacheInterceptor({ store, onDecision })(origin)
  return (path, method = 'GET', headers = {}) => {
    const decided = new Promise((resolve) => waiting.push(resolve))
    const answered = new Promise((resolve, reject) => {
      const handler = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd: resolve,
        onResponseError: (_controller, error) => reject(error)
      }
      dispatch({ origin: 'http://origin.test', path, method, headers }, handler)
    })
    return Promise.all([decided, answered]).then(([decision]) => decision)
  }
}

const fresh = ['Cache-Control', 'max-age=86400']
const report = {}
const note = (what, ms) => {
  report[what] ??= []
  report[what].push(ms)
}

/** A miss and two hits of the same; each must be what it is meant to be. */
async function missAndHits(what, ask, path, headers) {
  for (const [step, outcome] of [
    ['miss', 'miss'],
    ['first hit', 'hit'],
    ['second hit', 'hit']
  ]) {
    let decision
    note(
      `${what}, ${step}`,
      await longestTurn(async () => {
        decision = await ask(path, 'GET', headers)
      })
    )
    if (decision.outcome !== outcome || (outcome === 'miss' && !decision.stored)) {
      throw new Error(`${what}, ${step}: ${JSON.stringify(decision)}`)
    }
  }
}

const large = { maxBytes: 250 * MIB, maxEntryBytes: 120 * MIB }
/** A store elsewhere that hands bodies over in one piece. */
class WholeStore extends ElsewhereStore {
  async openBody(...args) {
    const pieces = []
    for await (const piece of await super.openBody(...args)) pieces.push(piece)
    await turn()
    return Buffer.concat(pieces)
  }
}

async function longBodies() {
  const chunks = (count, bytes) => Array.from({ length: count }, () => Buffer.from(new ArrayBuffer(bytes)))
  const origin = originOf([fresh], chunks(1_600, 65_536))
  await missAndHits('100 MiB in memory', clientOf(new DictStore(large), origin), '/')
  const small = originOf([fresh], chunks(40_000, 1_100), 16)
  await missAndHits('40,000 small chunks in memory', clientOf(new DictStore(large), small), '/')
  const elsewhere = new ElsewhereStore(large)
  elsewhere.maxEntryBytes = large.maxEntryBytes
  await missAndHits('100 MiB elsewhere', clientOf(elsewhere, origin), '/')
}

async function wholeBodies() {
  const chunks = Array.from({ length: 320 }, () => Buffer.from(new ArrayBuffer(65_536)))
  const ask = clientOf(Object.assign(new WholeStore(large), large), originOf([fresh], chunks))
  await ask('/')
  await turn()
  // The store's own part is to join the pieces, a turn of its own that is not the cache's.
  const joining = await longestTurn(async () => Buffer.concat(chunks))
  const all = await longestTurn(() => ask('/'))
  note('20 MiB elsewhere in one piece, hit', Math.max(0, all - joining))
}

async function fullStore() {
  const store = new DictStore({ maxBytes: 100 * MIB, maxEntryBytes: 100 * MIB })
  const ask = clientOf(store, originOf([fresh]))
  await ask('/')
  const key = 'http://origin.test/'
  await ask('/')
  const [{ response, body }] = store.get(key).responses
  for (let n = 0; store.counters.evicted < 10; n++) {
    store.set(`${key}${n}`, body, () => ({ ...response, key: `${key}${n}`, id: n.toString(16).padStart(32, '0') }))
  }
  const before = store.counters.evicted
  const chunks = Array.from({ length: 1_440 }, () => Buffer.from(new ArrayBuffer(65_536)))
  const askLong = clientOf(store, originOf([fresh], chunks))
  note('a full store that makes room for 90 MiB', await longestTurn(() => askLong('/long')))
  if (store.counters.evicted - before < 40_000 || store.get(`${key}long`).responses.length === 0) {
    throw new Error(`${store.counters.evicted - before} evicted`)
  }
}

async function hiddenKeys() {
  const store = new DictStore()
  const { mark } = store
  let written = 0
  store.mark = () => {
    throw new Error('no')
  }
  const ask = clientOf(store, originOf([]))
  for (let n = 0; n < 9_990; n++) await ask(`/${n}`, 'POST')
  store.mark = (...args) => {
    written++
    return mark.apply(store, args)
  }
  // The store is left alone for a second of this clock.
  const { now } = performance
  performance.now = () => now.call(performance) + 60_000
  note(
    '9,990 invalidations written again',
    await longestTurn(async () => {
      await ask('/last', 'POST')
      while (written < 9_991) await turn()
    })
  )
  performance.now = now
}

async function manyAtOnce() {
  const ask = clientOf(new DictStore(), originOf([fresh], undefined, 2))
  const alone = await longestTurn(() => Promise.all(Array.from({ length: 900 }, (_, n) => ask(`/${n}`, 'HEAD'))))
  const all = await longestTurn(() => Promise.all(Array.from({ length: 900 }, (_, n) => ask(`/${n}`))))
  // To ask 900 times takes its time too.
  note('900 answers in one turn, beyond what asking takes', Math.max(0, all - alone))
}

const lines = (count, line) => Array.from({ length: count }, (_, n) => line(n))
/** Fields as long as `undici` takes them by default, 16 KiB, and of the kinds that take longest. */
const bombs = {
  'one field of 16 KiB': [fresh, ['X', 'x'.repeat(16_000)]],
  '2,600 lines of one name': [fresh, ...lines(2_600, () => ['a', 'b'])],
  '1,600 names': [fresh, ...lines(1_600, (n) => [`x${n}`, 'b'])],
  '16 KiB of Cache-Control': [['Cache-Control', `max-age=86400, ${'a=1,'.repeat(4_000)}b`]],
  '16 KiB of private fields': [
    ['Cache-Control', `max-age=86400, private="${lines(1_300, (n) => `x${n}`).join()}"`],
    ...lines(900, (n) => [`x${n}`, 'b'])
  ],
  'a Vary of 64 names': [fresh, ['Vary', lines(64, (n) => `x-${n}`).join()]]
}

async function fieldBombs() {
  for (const [what, fields] of Object.entries(bombs)) {
    const varied = what.includes('Vary') ? fields : [...fields, ['Vary', 'x-0']]
    const headersOf = (n) => Object.fromEntries(lines(64, (at) => [`x-${at}`, `${n}, ${'v , v'.repeat(20)}`]))
    for (const [where, store] of [
      ['in memory', new DictStore()],
      ['elsewhere', new ElsewhereStore({})]
    ]) {
      await missAndHits(`${what}, ${where}`, clientOf(store, originOf(fields)), '/', {})
      if (where === 'elsewhere') continue
      const ask = clientOf(store, originOf(varied))
      for (let n = 0; n < 32; n++) await ask('/v', 'GET', headersOf(n))
      note(`${what}, ${where}, a hit among 32 variants`, await longestTurn(() => ask('/v', 'GET', headersOf(7))))
    }
  }
}

for (let round = 0; round < rounds; round++) {
  for (const scenario of [longBodies, wholeBodies, fullStore, hiddenKeys, manyAtOnce, fieldBombs]) await scenario()
}
console.log(JSON.stringify({ report }))
