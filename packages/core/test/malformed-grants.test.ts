import { describe, expect, it } from '@jest/globals'
import { stores } from './harness.js'
import { complaints, leakClient, type Planting } from './leak-client.js'

/** What would let everybody have a response, spelled so that it cannot be understood, in place of `%`. */
const unreadable: readonly string[] = [
  'max-age=60, %;',
  'max-age=60, %:',
  'max-age=60, %\\',
  'max-age=60, (%)',
  'max-age=60, "%"',
  'max-age=60, x="a, %',
  'max-age=60, % =',
  'max-age=60, % = "a"',
  'max-age=60, %="a',
  'max-age=60, %=a b',
  'max-age=60; %'
]
const grants = ['public', 's-maxage', 'must-revalidate'] as const
/** An argument that it does not have, or one that is no number of seconds. */
const arguments_ = ['=x', '=', '="', '="60', '=60s', '=-1', '= 60', '=60.5', '="x"']

const cases = [
  ...grants.flatMap((name) => unreadable.map((line) => line.replaceAll('%', name))),
  ...['public', 's-maxage'].flatMap((name) => arguments_.map((argument) => `max-age=60, ${name}${argument}`)),
  ...['s-maxage', 'must-revalidate;', 'public=yes'].flatMap((broken) => [
    `${broken}, max-age=60, stale-while-revalidate=60`,
    `max-age=0, ${broken}, stale-while-revalidate=60`
  ])
]

const users = {
  authorization: [{ authorization: 'Bearer a' }, { authorization: 'Bearer b' }],
  cookie: [{ cookie: 'id=a' }, { cookie: 'id=b' }],
  'set-cookie': [{}, {}]
} as const

describe.each(stores)('what cannot be understood, with %s (row X9)', (_name, makeStore) => {
  it.each(['authorization', 'cookie', 'set-cookie'] as const)(
    'shares nothing that would not be shared without it, credential: %s (AUTH-01, AUTH-06, AUTH-07, ROB-01)',
    async (credential) => {
      const answer: Planting = ({ path, headers }, response, secret) => {
        response.setHeader('Cache-Control', cases[Number(path.slice(1))] as string)
        if (credential === 'set-cookie') response.setHeader('Set-Cookie', `id=${secret}`)
        // The tag is that of the page, and says nothing of who gets it.
        response.setHeader('ETag', '"page"').setHeader('X-Secret', credential === 'set-cookie' ? '' : secret)
        if (headers['if-none-match'] !== undefined) {
          response.removeHeader('X-Secret')
          response.removeHeader('Set-Cookie')
          return void response.writeHead(304).end()
        }
        response.end('page')
      }
      for (const sMaxAgeAllowsStale of [false, true]) {
        const client = await leakClient(makeStore(), answer, { sMaxAgeAllowsStale })
        const [one, other] = users[credential]
        const check = async (i: number) => {
          await client.get(`/${i}`, { name: 'a', headers: one })
          const answer = await client.get(`/${i}`, { name: 'b', headers: other })
          return answer.includes('secret-of-a') ? [`${cases[i]}: ${answer}`] : []
        }
        expect(await complaints([...cases.keys()], check)).toEqual([])
      }
    }
  )

  it.each(['authorization', 'cookie', 'set-cookie'] as const)(
    'lets no 304 change for everybody what was for everybody, credential: %s (AUTH-04, AUTH-06, AUTH-07, UPD-06)',
    async (credential) => {
      const answer: Planting = ({ path, headers }, response, secret) => {
        response.setHeader('ETag', '"page"')
        if (headers['if-none-match'] === undefined)
          return void response.setHeader('Cache-Control', 'max-age=0').end('page')
        response.setHeader('Cache-Control', cases[Number(path.slice(1))] as string)
        // Others confirm what is stored, and say nothing that could take the place of what was there.
        if (headers['x-user-name'] === 'a')
          response.setHeader(credential === 'set-cookie' ? 'Set-Cookie' : 'X-Secret', `id=${secret}`)
        response.writeHead(304).end()
      }
      const client = await leakClient(makeStore(), answer)
      const [one, other] = users[credential]
      const check = async (i: number) => {
        await client.get(`/${i}`, { name: 'first', headers: {} })
        const own = await client.get(`/${i}`, { name: 'a', headers: one })
        const found = own.startsWith('200') && own.includes('secret-of-a') ? [] : [`${cases[i]}: the first got ${own}`]
        for (const headers of [other, {}]) {
          const answer = await client.get(`/${i}`, { name: 'b', headers })
          if (answer.includes('secret-of-a')) found.push(`${cases[i]}: ${answer}`)
        }
        return found
      }
      expect(await complaints([...cases.keys()], check)).toEqual([])
    }
  )

  it.each(['authorization', 'cookie', 'set-cookie'] as const)(
    'shares no redirect, credential: %s (AUTH-01, AUTH-06, AUTH-07, MSG-05)',
    async (credential) => {
      const statuses = [301, 302, 307, 308]
      const answer: Planting = ({ path, headers }, response, secret) => {
        const i = Number(path.slice(1))
        response.setHeader('Cache-Control', cases[i] as string).setHeader('ETag', '"page"')
        if (headers['if-none-match'] !== undefined) return void response.writeHead(304).end()
        if (credential === 'set-cookie') response.setHeader('Set-Cookie', `id=${secret}`)
        response.writeHead(statuses[i % statuses.length] as number, { location: `/${secret}` }).end()
      }
      const client = await leakClient(makeStore(), answer)
      const [one, other] = users[credential]
      const check = async (i: number) => {
        await client.get(`/${i}`, { name: 'a', headers: one })
        const answer = await client.get(`/${i}`, { name: 'b', headers: other })
        return answer.includes('secret-of-a') ? [`${cases[i]}: ${answer}`] : []
      }
      expect(await complaints([...cases.keys()], check)).toEqual([])
    }
  )
})
