import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { root, run } from './steps.mjs'

const servers = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** Starts a server on a free port; resolves to its host and port. */
async function listen(server) {
  servers.push(server)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${server.address().port}`
}

/** An origin whose paths are given as `(request, response) => void`; resolves to its URL. */
async function originOf(paths) {
  const server = createServer((request, response) => {
    response.sendDate = false
    paths[request.url](request, response)
  })
  return `http://${await listen(server)}`
}

/** What a script printed, its times as `N ms` and its rules left out, and how it ended. */
async function outputOf(script, ...args) {
  let output
  let code = 0
  try {
    output = await run(process.execPath, [join(root, script), ...args], { timeoutMs: 60_000 })
  } catch (error) {
    const [, status, printed] = /ended with (\w+)\n([\s\S]*)$/.exec(error.message)
    code = Number(status)
    output = printed
  }
  const lines = output.split('\n').map((line) => line.replace(/\d+\.\d ms/g, 'N ms').replace(/ +/g, ' '))
  return { code, lines: lines.filter((line) => line !== '' && !/^[- ]+$/.test(line)) }
}

const demo = (...args) => outputOf('examples/demo.mjs', ...args)
const head = 'request decision status without with cache body'
const misses = (why) => [
  `GET miss (uri-miss), ${why} 200 N ms N ms same`,
  `GET again miss (uri-miss), ${why} 200 N ms N ms same`,
  `GET with Cache-Control: no-cache miss (uri-miss), ${why} 200 N ms N ms same`
]
const connecting = 'The first row of a URL includes connecting.'

describe('npm start -- URL', () => {
  it('shows a URL cold, warm and validated, and what the cache saved', async () => {
    const url = await originOf({
      '/a?b': ({ headers }, response) => {
        response.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"a"')
        response.writeHead(headers['if-none-match'] === '"a"' ? 304 : 200).end('a')
      }
    })
    expect(await demo(`${url}/a?b`)).toEqual({
      code: 0,
      lines: [
        `${url}/a?b`,
        head,
        'GET miss (uri-miss), stored 200 N ms N ms same',
        'GET again hit 200 N ms N ms same',
        'GET with Cache-Control: no-cache validated 200 N ms N ms same',
        `3 requests: 3 went to the origin without a cache, 2 with it: 1 saved. ${connecting}`
      ]
    })
  })

  it('says why a response is not stored, with the id of the requirement (STORE-03)', async () => {
    const url = await originOf({
      '/': (_, response) => response.setHeader('Cache-Control', 'no-store').end('a')
    })
    const { code, lines } = await demo(url)
    expect(lines.slice(2, 5)).toEqual(misses('not stored: the response says no-store [STORE-03]'))
    expect(code).toBe(0)
  })

  it('takes a body that the origin changes for what it is, and starts each URL with an empty cache', async () => {
    let n = 0
    const url = await originOf({
      '/': (_, response) => response.setHeader('Cache-Control', 'max-age=60').end(String(n++))
    })
    const rows = [
      'GET miss (uri-miss), stored 200 N ms N ms changed at the origin',
      'GET again hit 200 N ms N ms changed at the origin',
      'GET with Cache-Control: no-cache miss (request), stored 200 N ms N ms changed at the origin'
    ]
    const { code, lines } = await demo(url, url)
    expect(lines.filter((line) => line.startsWith('GET'))).toEqual([...rows, ...rows])
    expect(lines.at(-1)).toBe(`6 requests: 6 went to the origin without a cache, 4 with it: 2 saved. ${connecting}`)
    expect(code).toBe(0)
  })

  it('shows a status that the origin gives only without the cache', async () => {
    let n = 0
    const url = await originOf({
      '/': (_, response) => response.writeHead(n++ === 2 ? 429 : 200, { 'Cache-Control': 'max-age=60' }).end()
    })
    expect((await demo(url)).lines).toContain('GET again hit 200 N ms N ms changed at the origin (429 without)')
  })

  it('shows a redirect, which is a response like others, and follows it (MSG-05)', async () => {
    const url = await originOf({
      '/old': (_, response) => response.writeHead(301, { Location: '/new#part', 'Cache-Control': 'max-age=60' }).end(),
      '/new': (_, response) => response.end('new')
    })
    const { code, lines } = await demo(`${url}/old`)
    expect(lines.slice(0, 8)).toEqual([
      `${url}/old`,
      head,
      'GET miss (uri-miss), stored 301 N ms N ms same',
      'GET again hit 301 N ms N ms same',
      'GET with Cache-Control: no-cache miss (request), stored 301 N ms N ms same',
      `It redirects to ${url}/new#part, which comes next.`,
      `${url}/new#part`,
      head
    ])
    expect(lines).toHaveLength(12)
    expect(code).toBe(0)
  })

  it('does not follow redirects for ever', async () => {
    const url = await originOf({ '/': (_, response) => response.writeHead(302, { Location: '/' }).end() })
    const { code, lines } = await demo(url)
    expect(lines.filter((line) => line.startsWith('It redirects'))).toHaveLength(5)
    expect(lines.at(-1)).toBe('1 URL failed.')
    expect(lines).toContain('redirect failed: more than 5 redirects')
    expect(code).toBe(1)
  })

  it('serves what is stale while it validates it, and ends all the same (STALE-04)', async () => {
    const url = await originOf({
      '/': ({ headers }, response) => {
        // What nobody answers must not keep the program alive.
        if (headers['if-none-match'] !== undefined && headers['cache-control'] !== 'no-cache') return
        response.writeHead(200, { 'Cache-Control': 'max-age=1, stale-while-revalidate=60', Age: '5', ETag: '"a"' })
        response.end('a')
      }
    })
    const { code, lines } = await demo(url)
    expect(lines).toContain('GET again stale hit (stale-while-revalidate) 200 N ms N ms same')
    expect(code).toBe(0)
  })

  it('reports what fails in words and goes on', async () => {
    const tls = readFileSync(join(root, 'scripts/fixtures/self-signed.pem'))
    const selfSigned = await listen(createTlsServer({ key: tls, cert: tls }, (_, response) => response.end()))
    const mute = await listen(createTcpServer((socket) => socket.on('error', () => {}).resume()))
    const garbled = await listen(
      createTcpServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end('220 mail\r\n\r\n')
      )
    )
    const url = await originOf({
      '/': (_, response) => response.end(),
      '/cut': (_, response) => {
        response.writeHead(200, { 'Content-Length': '10' }).write('half', () => response.destroy())
      },
      '/endless': (_, response) => response.writeHead(200).write('and so on')
    })
    const nowhere = await originOf({})
    await new Promise((resolve) => servers.pop().close(resolve))
    const host = (of) => of.replace('http://', '')
    const failures = [
      [nowhere, `nothing listens at ${host(nowhere)}`],
      ['http://no-such-host.invalid', /there is no host|could not be looked up/],
      // Newer versions of Node add advice.
      [
        `https://${selfSigned}`,
        new RegExp(`^the certificate of ${selfSigned} is not trusted: self-signed certificate`)
      ],
      [url.replace('http:', 'https:'), `no TLS with ${host(url)}; is it an http:// URL?`],
      [`http://${garbled}`, /the answer is not HTTP/],
      [`http://${mute}`, 'no complete answer within 1 s'],
      [`${url}/cut`, 'the connection was closed before the answer was complete'],
      [`${url}/endless`, 'no complete answer within 1 s'],
      ['example.com/a', 'not a URL; did you mean https://example.com/a?'],
      ['http://a b', 'not a URL'],
      ['ftp://example.com', 'ftp: is neither http nor https'],
      ['http://me:secret@example.com', 'a user name or password in the URL is not sent']
    ]
    const { code, lines } = await demo('--timeout=1', ...failures.map(([text]) => text), url)
    const told = lines.filter((line) => line.startsWith('GET failed: ')).map((line) => line.slice(12))
    expect(told).toEqual(
      failures.map(([, words]) => (typeof words === 'string' ? words : expect.stringMatching(words)))
    )
    expect(lines).toContain(
      'GET again miss (uri-miss), not stored: it is neither fresh for any time nor can it be validated [STORE-08] 200 N ms N ms same'
    )
    expect(lines).toContain('http://example.com/')
    expect(lines.join('\n')).not.toContain('secret')
    expect(lines.at(-1)).toBe('12 URLs failed.')
    expect(code).toBe(1)
  })

  it('reports what fails after it worked', async () => {
    let n = 0
    const url = await originOf({
      '/': (_, response) => (n++ < 2 ? response.end('a') : response.destroy())
    })
    const { code, lines } = await demo(url)
    expect(lines[3]).toBe('GET again failed: the connection was closed before the answer was complete')
    expect(lines.slice(4)).toEqual([
      `1 request: 1 went to the origin without a cache, 1 with it: 0 saved. ${connecting}`,
      '1 URL failed.'
    ])
    expect(code).toBe(1)
  })
})

describe('npm start', () => {
  it('shows the tour without URLs', async () => {
    const { code, lines } = await demo()
    expect(lines[0]).toBe('request decision status without with cache')
    expect(lines).toHaveLength(17)
    expect(lines).toContain('GET /weather stale hit (stale-while-revalidate) 200 N ms N ms')
    expect(lines.at(-1)).toMatch(/^15 requests: 15 went .*, 12 with it .*: 3 saved\. Every body was the same\.$/)
    expect(code).toBe(0)
  })

  it.each(['examples/demo.mjs', 'scripts/start.mjs'])(
    'explains itself, and what is wrong at once: %s',
    async (script) => {
      const help = await outputOf(script, '--help')
      expect(help.lines[0]).toBe('Usage: npm start -- [options] [URL...]')
      expect(help.code).toBe(0)
      for (const [args, mistake] of [
        [['--halp', 'http://localhost'], expect.stringContaining('--halp')],
        [['--timeout'], expect.stringContaining('--timeout')],
        [['--timeout=soon'], "--timeout takes seconds, not 'soon'"]
      ]) {
        expect(await outputOf(script, ...args)).toEqual({ code: 2, lines: [mistake, ...help.lines] })
      }
    }
  )
})
