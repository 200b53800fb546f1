import type { ServerResponse } from 'node:http'
import { interceptors } from 'undici'
import { stores } from './harness.js'
import { complaints, type LeakClient, leakClient, type Planting, type User } from './leak-client.js'
import { type Spelling, spellings } from './leak-spellings.js'
import type { MapStore } from './map-store.js'

type Type = 'shared' | 'private'

/** A cache of one of the types with one of the stores. */
export type Kind = [type: Type, name: string, makeStore: () => MapStore]

/** What a request identifies its user by; with none, or with what the answer sets, users cannot be told apart. */
export const credentials = [
  'authorization',
  'cookie',
  'x-api-key',
  'proxy-authorization',
  'set-cookie',
  'none'
] as const
export type Credential = (typeof credentials)[number]

export const kinds: readonly Kind[] = stores.flatMap(([name, makeStore]) => [
  ['shared' as const, name, makeStore],
  ['private' as const, name, makeStore]
])

const redirects = [301, 302, 307, 308]
/** What a 304 may bring besides. */
const additions: Readonly<Record<string, string>>[] = [
  {},
  { vary: 'cookie' },
  { vary: '*' },
  { vary: 'X-Api-Key, Authorization' }
]

function userOf(name: string, credential: Credential): User {
  const isOwn = credential !== 'none' && credential !== 'set-cookie'
  return { name, headers: isOwn ? { [credential]: `Basic ${name}=1` } : {} }
}

const anybody: User = { name: 'n', headers: {} }

/** A private cache may take all who send no credentials for the one it serves, for `private` then means him. */
function applies(type: Type, credential: Credential, { restriction }: Spelling): boolean {
  return type === 'shared' || restriction !== 'private' || (credential !== 'none' && credential !== 'set-cookie')
}

/** Spellings by number, as they stand in the paths. */
function spellingOf(path: string): Spelling {
  return spellings[Number(path.split('/')[2])] as Spelling
}

/** The spellings to try, by number: one of `every`, and others for other credentials and other kinds of caches. */
function casesOf([type, name]: Kind, credential: Credential, every: number): number[] {
  const offset = kinds.findIndex((kind) => kind[0] === type && kind[1] === name) + credentials.indexOf(credential)
  const isChosen = (i: number) => (i + offset) % every === 0
  return [...spellings.keys()].filter((i) => isChosen(i) && applies(type, credential, spellings[i] as Spelling))
}

/** The first user asks twice, so that whatever is stored is; nobody who asks then may see anything of hers. */
async function isKept(client: LeakClient, path: string, credential: Credential): Promise<string[]> {
  const first = userOf('a', credential)
  const answer = await client.get(path, first)
  await client.get(path, first)
  const found = answer.includes('secret-of-a') ? [] : [`${path}: the first user got ${answer}`]
  for (const other of [userOf('b', credential), anybody]) {
    const answer = await client.get(path, other)
    if (answer.includes('secret-of-a')) found.push(`${JSON.stringify(spellingOf(path).lines)} ${path}: ${answer}`)
  }
  return found
}

function setCookie(credential: Credential, response: ServerResponse, secret: string): void {
  if (credential === 'set-cookie') response.setHeader('Set-Cookie', `id=${secret}`)
}

/** What a second user gets to see of the first; nothing, if all is well. One of `every` spellings is tried. */
export type LookForLeaks = (kind: Kind, credential: Credential, every: number) => Promise<string[]>

/** Of answers of the origin. */
export const leaksOfAnswers: LookForLeaks = async (kind, credential, every) => {
  const answer: Planting = ({ path }, response, secret) => {
    const { lines, isWhole } = spellingOf(path)
    response.setHeader('Cache-Control', lines).setHeader('ETag', '"a"').setHeader('X-Secret', secret)
    setCookie(credential, response, secret)
    response.end(isWhole ? secret : 'for everybody')
  }
  const [type, , makeStore] = kind
  const client = await leakClient(makeStore(), answer, { type })
  const check = (i: number) => isKept(client, `/plain/${i}`, credential)
  return await complaints(casesOf(kind, credential, every), check)
}

/** Of answers for which several users ask at the same time. */
export const leaksAmongMany: LookForLeaks = async (kind, credential, every) => {
  const answer: Planting = ({ path }, response, secret) => {
    const { lines, isWhole } = spellingOf(path)
    response.setHeader('Cache-Control', lines).setHeader('X-Secret', secret)
    setCookie(credential, response, secret)
    response.end(isWhole ? secret : 'for everybody')
  }
  const [type, , makeStore] = kind
  const client = await leakClient(makeStore(), answer, { type })
  const users = [userOf('a', credential), userOf('b', credential), userOf('c', credential), anybody]
  const check = async (i: number) => {
    const path = `/together/${i}`
    const answers = await client.getTogether(path, users)
    return users.flatMap((user, at) => {
      const others = users.filter((other) => other !== user && answers[at]?.includes(`secret-of-${other.name}`))
      return others.map(
        (other) => `${JSON.stringify(spellingOf(path).lines)} ${path}: ${user.name} saw ${other.name}'s`
      )
    })
  }
  return await complaints(casesOf(kind, credential, every), check)
}

/** Of redirects and what they lead to, followed above the cache and below it. */
export const leaksOfRedirects: LookForLeaks = async (kind, credential, every) => {
  const answer: Planting = ({ path }, response, secret) => {
    const [, place, i = '', status] = path.split('/')
    if (place === 'landed') return void response.setHeader('Cache-Control', 'public, max-age=60').end(path)
    response.setHeader('Cache-Control', spellingOf(path).lines).setHeader('X-Secret', secret)
    setCookie(credential, response, secret)
    response.writeHead(Number(status), { location: `/landed/${i}/${secret}` }).end(secret)
  }
  const [type, , makeStore] = kind
  const redirect = interceptors.redirect({ maxRedirections: 1 })
  const above = await leakClient(makeStore(), answer, { type }, { above: [redirect] })
  const below = await leakClient(makeStore(), answer, { type }, { below: [redirect] })
  const check = async (i: number) => {
    // A redirect has little to it but where it leads: forms that name fields say nothing about that.
    if (!spellingOf(`/redirect/${i}`).isWhole) return []
    const path = `/redirect/${i}/${redirects[(i >> 2) % redirects.length]}`
    return [...(await isKept(above, path, credential)), ...(await isKept(below, path, credential))]
  }
  return await complaints(casesOf(kind, credential, every), check)
}

/** Of what a 304 brings to a response that was there for everybody. */
export const leaksOfNotModified: LookForLeaks = async (kind, credential, every) => {
  const answer: Planting = ({ path, headers }, response, secret) => {
    response.setHeader('ETag', '"a"')
    if (headers['x-user-name'] === 'first') {
      return void response.setHeader('Cache-Control', 'max-age=0').end('for everybody')
    }
    response.setHeader('X-Secret', secret).setHeader('Cache-Control', spellingOf(path).lines)
    setCookie(credential, response, secret)
    const added = additions[(Number(path.split('/')[2]) >> 1) % additions.length] as Record<string, string>
    for (const [name, value] of Object.entries(added)) response.setHeader(name, value)
    if (headers['if-none-match'] === undefined) return void response.end('for everybody')
    response.writeHead(304).end()
  }
  const [type, , makeStore] = kind
  const client = await leakClient(makeStore(), answer, { type })
  const check = async (i: number) => {
    const path = `/validated/${i}`
    await client.get(path, { name: 'first', headers: {} })
    return await isKept(client, path, credential)
  }
  return await complaints(casesOf(kind, credential, every), check)
}
