import { cacheInterceptor, type Lease } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import { answering, notModified, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { type Control, type Generation, generations, Recorder, type Step } from './recorder.js'

const body = Buffer.alloc(5_000, 'x')

/** A store whose lock somebody else has, who stores the response meanwhile. */
class TakenStore extends MapStore {
  meanwhile: () => Promise<unknown> = async () => {}

  override async lock(): Promise<Lease | undefined> {
    await this.meanwhile()
    return undefined
  }
}

/** Has a request of the recorder made that is answered with what is stored. */
type Asking = (recorder: Recorder) => Promise<SetUp>

function ask({ dispatcher, origin }: SetUp, recorder: Recorder): void {
  dispatcher.dispatch({ origin: origin.url, path: '/', method: 'GET' }, recorder.handler)
}

const fresh = () => ({ ...ok('max-age=60'), body })
const soonStale = () => ({ ...ok('max-age=1, stale-if-error=600', { ETag: '"a"' }), body })

async function stored(store: MapStore, recorder: Recorder): Promise<SetUp> {
  const client = await setUp(store, answering(fresh()))
  await client.get('/')
  ask(client, recorder)
  return client
}

/** What is stored is stale by now, and the origin is asked first, which answers so. */
async function afterAsking(answer: ReturnType<typeof notModified>, recorder: Recorder): Promise<SetUp> {
  const client = await setUp(new MapStore(), answering(soonStale(), answer))
  await client.get('/')
  client.clock.advance(10)
  ask(client, recorder)
  return client
}

/** Whatever was waited for before, the caller is told the same. */
const waits: readonly [what: string, asking: Asking][] = [
  ['nothing', (recorder) => stored(new MapStore({ sync: true }), recorder)],
  ['a look-up', (recorder) => stored(new MapStore(), recorder)],
  ['a validation that confirms what is stored', (recorder) => afterAsking(notModified(), recorder)],
  ['a validation that fails', (recorder) => afterAsking(withStatus(503), recorder)],
  [
    'another process, which has stored it',
    async (recorder) => {
      const store = new TakenStore()
      const client = await setUp(store, answering(fresh()), { collapseAcrossProcesses: true })
      const other = new Agent().compose(cacheInterceptor({ store, clock: () => client.clock.now }))
      store.meanwhile = async () => {
        store.meanwhile = async () => {}
        await (await request(client.origin.url, { dispatcher: other })).body.dump()
        while ((await store.get(`${client.origin.url}/`)).responses.length === 0) await turns()
        await other.close()
      }
      ask(client, recorder)
      return client
    }
  ],
  [
    'another request, whose validation confirms it',
    async (recorder) => {
      const client = await setUp(new MapStore(), answering(soonStale(), notModified()))
      await client.get('/')
      client.clock.advance(10)
      const first = client.get('/')
      ask(client, recorder)
      await first
      return client
    }
  ]
]

const all = ['start', 'head 200', `data ${body.byteLength}`, 'end']
const until: Record<'start' | 'head' | 'data', number> = { start: 1, head: 2, data: 3 }
const reason = new Error('changed my mind')

/** A recorder that pauses there, and when it has. An old handler cannot pause before it has the head. */
function pausingAt(at: 'start' | 'head' | 'data', generation: Generation): [Recorder, hasPaused: Promise<void>] {
  const pausing: Step = at === 'start' && generation === 'legacy' ? 'head' : at
  let paused = () => {}
  const hasPaused = new Promise<void>((resolve) => {
    paused = resolve
  })
  const recorder = new Recorder(generation, (step, control) => {
    if (step !== pausing) return
    control.pause()
    paused()
  })
  return [recorder, hasPaused]
}

const leaves: [how: string, leave: (control: Control) => void][] = [
  ['aborts', (control) => control.abort(reason)],
  [
    'throws',
    () => {
      throw reason
    }
  ]
]

describe.each(waits)('MSG-03: a caller who gets what is stored, having waited for %s', (_what, asking) => {
  it.each(generations)('is told each step once, and in order (%s handler)', async (generation) => {
    const recorder = new Recorder(generation)
    await asking(recorder)
    await recorder.over
    expect(recorder).toMatchObject({ events: all, misplaced: [], errors: [] })
    expect(Buffer.concat(recorder.chunks).equals(body)).toBe(true)
  })

  const pauses = (['start', 'head', 'data'] as const).flatMap((at) => generations.map((by) => [at, by] as const))
  it.each(pauses)('may pause at the %s, for as long as he likes (%s handler)', async (at, generation: Generation) => {
    const [recorder, hasPaused] = pausingAt(at, generation)
    await asking(recorder)
    await hasPaused
    await turns(20)
    expect(recorder.events).not.toContain('end')
    recorder.control.resume()
    await recorder.over
    expect(recorder).toMatchObject({ events: all, misplaced: [], errors: [] })
    expect(Buffer.concat(recorder.chunks).equals(body)).toBe(true)
  })

  const cases = leaves.flatMap(([how, leave]) =>
    (['start', 'head', 'data'] as const).flatMap((at) => generations.map((by) => ({ how, leave, at, by })))
  )
  it.each(cases)('and $how at the $at hears of that and of nothing more ($by handler)', async ({ leave, at, by }) => {
    const recorder = new Recorder(by, (step, control) => {
      if (step === at) leave(control)
    })
    const client = await asking(recorder)
    await recorder.over
    await turns(20)
    expect(recorder).toMatchObject({ events: [...all.slice(0, until[at]), 'error'], misplaced: [], errors: [reason] })
    // That concerns nobody else.
    expect((await client.get('/')).text).toBe(body.toString())
  })

  it.each(pauses)('may abort while he pauses at the %s (%s handler)', async (at, generation: Generation) => {
    const [recorder, hasPaused] = pausingAt(at, generation)
    await asking(recorder)
    await hasPaused
    await turns(20)
    const seen = recorder.events.length
    recorder.control.abort(reason)
    await recorder.over
    recorder.control.resume()
    await turns(20)
    expect(recorder).toMatchObject({ events: [...all.slice(0, seen), 'error'], misplaced: [], errors: [reason] })
  })
})

describe.each(stores)(
  'MSG-03, VAL-09: a caller who aborts what a validation has confirmed (%s)',
  (_name, makeStore) => {
    const cases = (['head', 'data'] as const).flatMap((at) => generations.map((by) => [at, by] as const))
    it.each(cases)('at the %s leaves the connection to those who come next (%s handler)', async (at, generation) => {
      const raw = await rawOrigin((socket, n) => {
        if (n === 1) writeRaw(socket, ['HTTP/1.1 304 Not Modified', 'ETag: "a"'])
        else writeRaw(socket, ['HTTP/1.1 200 OK', 'ETag: "a"', 'Cache-Control: max-age=1', 'Content-Length: 4'], 'body')
      })
      const client = await setUp(makeStore(), answering(fresh()))
      await client.get('/', { origin: raw.url })
      await turns()
      client.clock.advance(5)
      const recorder = new Recorder(generation, (step, control) => {
        if (step === at) control.abort(reason)
      })
      client.dispatcher.dispatch({ origin: raw.url, path: '/', method: 'GET' }, recorder.handler)
      await recorder.over
      expect(recorder).toMatchObject({ errors: [reason], misplaced: [] })
      await turns(20)
      // Of the same kind: on undici 8 requests with legacy handlers have connections of their own, without HTTP/2.
      const connections = raw.connections()
      const next = new Recorder(generation)
      client.dispatcher.dispatch({ origin: raw.url, path: '/another', method: 'GET' }, next.handler)
      await next.over
      expect(next).toMatchObject({ errors: [], status: 200 })
      expect(raw.connections()).toBe(connections)
    })
  }
)
