import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'

// Many origins refuse requests that do not say what sent them.
const usualHeaders = { accept: '*/*', 'user-agent': 'cc-demo' }

/** A client without a cache, and one whose cache is empty. The cache is private: this process acts for one user. */
export class Clients {
  /** How many requests the cache sent to an origin, those in the background included. */
  sent = 0
  #timeoutMs
  #plain
  #cached
  #decisions = new Decisions()

  /** @param timeoutMs how long one request may take, in milliseconds */
  constructor(timeoutMs) {
    this.#timeoutMs = timeoutMs
    const newAgent = () => new Agent({ connect: { timeout: timeoutMs } })
    this.#plain = newAgent()
    this.#cached = newAgent().compose(
      (dispatch) => (opts, handler) => {
        this.sent++
        return dispatch(opts, handler)
      },
      cacheInterceptor({
        type: 'private',
        store: new DictStore(),
        onDecision: (decision) => this.#decisions.add(decision)
      })
    )
  }

  /** Asks without the cache, then with it: `{ plain, fromCache, decision }`. */
  async ask(step) {
    const plain = await this.#askThrough(this.#plain, step)
    const fromCache = await this.#askThrough(this.#cached, step)
    return { plain, fromCache, decision: await this.#decisions.next('foreground') }
  }

  /** Resolves when a validation in the background is over that nobody has waited for. */
  async backgroundValidation() {
    // Such a validation does not keep the process alive.
    const alive = setInterval(() => {}, 1_000)
    await this.#decisions.next('background')
    clearInterval(alive)
  }

  async close() {
    await Promise.all([this.#plain.destroy(), this.#cached.destroy()])
  }

  /** Asks once, and reads the answer to its end. */
  async #askThrough(dispatcher, { url, method = 'GET', headers = {} }) {
    const began = performance.now()
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const answer = await request(url, { dispatcher, method, headers: { ...usualHeaders, ...headers }, signal })
    const hash = createHash('sha256')
    for await (const chunk of answer.body) hash.update(chunk)
    const { location } = answer.headers
    return { status: answer.statusCode, location, digest: hash.digest('hex'), ms: performance.now() - began }
  }
}

/** Has undici and the cache do what they do only once, so that it does not count for the first URL. */
export async function warmUp() {
  const origin = createServer((_, response) => response.end('warm'))
  await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const clients = new Clients(30_000)
  await clients.ask({ url: `http://127.0.0.1:${origin.address().port}` })
  await clients.close()
  origin.close()
}

/** What the cache told of each exchange; it does so when all is done, storing included, shortly after the answer. */
class Decisions {
  #told = { foreground: [], background: [] }
  #arrivals = new EventTarget()

  add(decision) {
    this.#told[decision.background ? 'background' : 'foreground'].push(decision)
    this.#arrivals.dispatchEvent(new Event('decision'))
  }

  async next(kind) {
    while (this.#told[kind].length === 0) await once(this.#arrivals, 'decision')
    return this.#told[kind].shift()
  }
}
