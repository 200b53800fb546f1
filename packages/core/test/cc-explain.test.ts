import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Origin, type Respond } from './origin.js'

const program = join(__dirname, '../dist/bin/cc-explain.js')
const origins: Origin[] = []

afterEach(async () => {
  for (const origin of origins.splice(0)) await origin.stop()
})

async function originOf(respond: Respond): Promise<Origin> {
  const origin = await Origin.start(respond)
  origins.push(origin)
  return origin
}

/** Runs the program as it was built, and waits for its end. */
async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out, err }
}

describe('cc-explain', () => {
  it('asks for the URL and prints what a cache does with the answer, and by which rules', async () => {
    const { url, requests } = await originOf((_request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Vary', 'Foo').end('body')
    )
    const { code, out, err } = await run(`${url}/p`, '-H', 'Foo: 1')
    expect([code, err]).toEqual([0, ''])
    expect(requests).toMatchObject([{ method: 'GET', path: '/p', headers: { foo: '1', 'user-agent': 'cc-explain' } }])
    const lines = out.split('\n')
    expect(lines.slice(0, 6)).toEqual([
      `GET ${url}/p`,
      '200 OK, 4 bytes',
      '',
      'Request  is looked up in the cache',
      'Stored   yes, for requests with the same foo',
      'Again    served from the cache with status 200'
    ])
    expect(lines[6]).toMatch(/^Age {6}\d+ of 60 s$/)
    expect(lines[7]).toMatch(/^Fresh {4}until \d{4}-\d\d-\d\dT.*Z$/)
    expect(lines[8]).toMatch(/^Kept {5}until /)
    expect(out).toMatch(/storing {2}yes {2}FRESH-02 {2}RFC 9111 §5\.2\.2\.1 +max-age says how long it is fresh/)
  })

  it('sends what is given in place of what it would send by itself, and says where freshness is a guess', async () => {
    const tenDaysAgo = new Date(Date.now() - 864_000_000).toUTCString()
    const { url, requests } = await originOf((_request, response) =>
      response.setHeader('Last-Modified', tenDaysAgo).end()
    )
    const { out } = await run(url, '-H', 'Accept: text/html', '-H', 'accept: text/plain')
    expect(requests).toMatchObject([{ headers: { accept: 'text/html, text/plain' } }])
    expect(out).toMatch(/^Age {6}\d+ of 86400 s, by a heuristic$/m)
  })

  it('says why it is not stored, and what would change that', async () => {
    const { url } = await originOf((_request, response) =>
      response.setHeader('Cache-Control', 'private, max-age=60').end()
    )
    expect((await run(url)).out).toContain(
      "Stored   no: the response says private [STORE-01]; it would be with type: 'private'\n"
    )
    expect((await run('--private', url)).out).toContain('Stored   yes')
  })

  it('prints JSON where that is asked for', async () => {
    const { url } = await originOf((_request, response) => response.setHeader('Cache-Control', 'no-store').end())
    const { out } = await run('--json', url)
    expect(JSON.parse(out)).toMatchObject({ method: 'GET', storing: { requirement: 'STORE-03' } })
  })

  it('shows no secret: neither what it sends nor what the query hides (SEC-03)', async () => {
    const { url } = await originOf((_request, response) => response.setHeader('Set-Cookie', 'planted').end())
    const { out, err } = await run(`${url}/?token=planted`, '-H', 'Authorization: planted', '-H', 'Cookie: planted')
    expect(out + err).not.toContain('planted')
    expect(out).toContain('/?token=***')
    for (const args of [
      [`${url.replace('//', '//user:planted@')}/`],
      ['-H', 'planted', url],
      ['-H', 'a: plan\nted', url]
    ]) {
      const wrong = await run(...args)
      expect(wrong.code).toBe(2)
      expect(wrong.out + wrong.err).not.toMatch(/planted|ted\b.*url/)
    }
  })

  it('ends with 1 if no answer came, or none came whole', async () => {
    const { url } = await originOf(({ path }, response) => {
      if (path === '/cut') response.writeHead(200, { 'Content-Length': 10 }).write('half', () => response.destroy())
      else response.destroy()
    })
    for (const path of ['/', '/cut']) {
      const { code, out, err } = await run(url + path)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toBe(`cc-explain: no complete answer from ${new URL(url).host} (ECONNRESET)\n`)
    }
  })

  it('explains itself, and ends with 2 for a wrong command line', async () => {
    const { code, out } = await run('--help')
    expect([code, out.split('\n')[0]]).toEqual([0, 'Usage: cc-explain [options] URL'])
    for (const args of [
      [],
      ['example.com'],
      ['ftp://a.example'],
      ['http://a.example', 'http://b.example'],
      ['--halp']
    ]) {
      const { code, out, err } = await run(...args)
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain('Usage: cc-explain')
    }
  })
})
