import { Clients, warmUp } from './clients.mjs'
import { Failure, inWords } from './failure.mjs'
import { cellsOf, columns, printTable, total } from './report.mjs'

const head = [...columns, 'body']
const steps = [
  { name: 'GET' },
  { name: 'GET again' },
  { name: 'GET with Cache-Control: no-cache', headers: { 'cache-control': 'no-cache' } }
]
const redirects = [301, 302, 303, 307, 308]
const mostRedirects = 5

/** Shows what the cache does with each of these URLs; true if all of them answered. */
export async function showGivenUrls({ urls, timeoutMs }) {
  const totals = { requests: 0, sent: 0 }
  let failures = 0
  await warmUp()
  for (const text of urls) {
    let next = { text, redirects: 0 }
    while (next !== undefined) {
      const shown = await showUrl(next, timeoutMs, totals)
      if (shown.failed) failures++
      next = shown.location && { text: shown.location, redirects: next.redirects + 1 }
    }
  }
  console.log()
  if (totals.requests > 0)
    console.log(`${total(totals.requests, totals.sent)} The first row of a URL includes connecting.`)
  if (failures > 0) console.log(failures === 1 ? '1 URL failed.' : `${failures} URLs failed.`)
  return failures === 0
}

/** Shows one URL. Resolves to whether it failed, and to where it redirects: `{ failed, location }`. */
async function showUrl({ text, redirects }, timeoutMs, totals) {
  const rows = []
  const clients = new Clients(timeoutMs)
  const kept = new Kept()
  let url
  let location
  let name = 'GET'
  let failed = false
  try {
    url = readUrl(text)
    for (const step of steps) {
      name = step.name
      const before = clients.sent
      const asked = await clients.ask({ url, headers: step.headers })
      rows.push([...cellsOf(name, asked), kept.compare(asked)])
      totals.requests++
      totals.sent += clients.sent - before
      location ??= redirectOf(asked.fromCache, url)
    }
    name = 'redirect'
    if (location !== undefined && redirects === mostRedirects) throw new Failure(`more than ${mostRedirects} redirects`)
  } catch (error) {
    failed = true
    rows.push([name, `failed: ${inWords(error, url, timeoutMs)}`, '', '', '', ''])
  } finally {
    await clients.close()
  }
  console.log(`\n${URL.canParse(text) ? withoutUser(text) : text}`)
  printTable(head, rows)
  if (failed || location === undefined) return { failed }
  console.log(`It redirects to ${withoutUser(location)}, which comes next.`)
  return { failed, location: location.href }
}

/** The body that the cache was given to keep, to be compared with what it serves later. */
class Kept {
  #digest

  /** Says whether one request had the same body without the cache and with it. */
  compare({ plain, fromCache, decision: { outcome, stored } }) {
    if (outcome === 'miss' && stored) this.#digest = fromCache.digest
    // Meanwhile a validation in the background may have stored another.
    if (outcome === 'stale-hit') this.#digest = undefined
    const isServed = outcome === 'hit' || outcome === 'validated'
    if (isServed && this.#digest !== undefined && this.#digest !== fromCache.digest)
      throw new Failure('the cache changed the body')
    if (plain.status !== fromCache.status) return `changed at the origin (${plain.status} without)`
    return plain.digest === fromCache.digest ? 'same' : 'changed at the origin'
  }
}

function readUrl(text) {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw new Failure(`not a URL; did you mean https://${text}?`)
  if (!URL.canParse(text)) throw new Failure('not a URL')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Failure(`${url.protocol} is neither http nor https`)
  if (url.username !== '' || url.password !== '') throw new Failure('a user name or password in the URL is not sent')
  return url
}

/** Where a redirect leads. The cache follows none (MSG-05): each hop is shown as a request of its own. */
function redirectOf({ status, location }, url) {
  const target = [location].flat()[0]
  if (!redirects.includes(status) || target === undefined || !URL.canParse(target, url)) return undefined
  return new URL(target, url)
}

function withoutUser(url) {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}
