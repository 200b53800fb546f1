import type { Found } from '../../src/store.js'
import { type Foreign, foreignValue, neighbour } from './foreign-values.js'
import type { Random } from './random.js'

type Place = { readonly owner: Record<string, unknown>; readonly name: string }

/** Names that objects have of themselves, and ones that a store may have added. */
const strangeNames = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'then',
  'toJSON',
  'length',
  'part',
  'hmac',
  'tape',
  '0',
  ''
]
/** Parts that are grafted onto other places. Fields, which nothing vouches for, are not: nobody could tell. */
const grafted = [
  'id',
  'slot',
  'key',
  'digests',
  'bodyBytes',
  'body',
  'marks',
  'part',
  'requestTime',
  'responseTime',
  'storedTime',
  'dropAt'
]

/** Hands back `found` as a damaged, outdated or hostile store would, with one to three things in it changed. */
export function mutated(found: Found, random: Random, foreign: Foreign): () => unknown {
  const root = { found: copyOf(found) }
  const changes = random.pick([1, 1, 1, 2, 3])
  for (let i = 0; i < changes; i++) change(root as Record<string, unknown>, random, foreign)
  return () => root.found
}

function change(root: Record<string, unknown>, random: Random, foreign: Foreign): void {
  const bytes = bodyOf(root)
  if (bytes !== undefined && random.below(6) === 0) {
    bytes.owner.body = changedBytes(bytes.owner.body as Uint8Array, random)
    return
  }
  const { owner, name } = somewhere(root, random)
  // A getter that an earlier change has put there stays.
  if (isGetter({ owner, name })) return
  const kind = random.below(10)
  if (kind < 4) owner[name] = foreignValue(random, foreign)
  else if (kind < 7) owner[name] = neighbour(valueIn({ owner, name }), random, foreign)
  else if (kind === 7) remove(owner, name)
  else if (kind === 8) add(owner, random, foreign)
  else graft(root, random)
}

function remove(owner: Record<string, unknown>, name: string): void {
  if (Array.isArray(owner)) owner.splice(Number(name), 1)
  else delete owner[name]
}

function add(owner: Record<string, unknown>, random: Random, foreign: Foreign): void {
  if (Array.isArray(owner)) return void owner.splice(random.below(owner.length + 1), 0, foreignValue(random, foreign))
  const value = foreignValue(random, foreign)
  if (foreign === 'objects' && random.below(4) === 0) {
    const get = () => {
      throw new Error('unreadable')
    }
    Object.defineProperty(owner, random.pick([...Object.keys(owner), 'x']), {
      get,
      enumerable: true,
      configurable: true
    })
  } else {
    const name = random.pick(strangeNames)
    Object.defineProperty(owner, name, { value, enumerable: true, configurable: true, writable: true })
  }
}

/** Puts what belongs to one response into another, or into the wrong place of the same. */
function graft(root: Record<string, unknown>, random: Random): void {
  const responses = responsesIn(root)
  if (responses.length === 0) return
  const [from, to] = [random.pick(responses), random.pick(responses)]
  const name = random.pick(grafted)
  const part = (owner: Record<string, unknown>) => (name === 'body' ? owner : valueIn({ owner, name: 'response' }))
  const [source, target] = [part(from), part(to)]
  const into = random.below(3) === 0 ? random.pick(grafted) : name
  if (!isOwner(source) || !isOwner(target) || isGetter({ owner: target, name: into })) return
  target[into] = valueIn({ owner: source, name })
}

/** A place in the tree, however deep, the leaves and the branches alike. */
function somewhere(root: Record<string, unknown>, random: Random): Place {
  let place: Place = { owner: root, name: 'found' }
  for (let depth = 0; depth < 8; depth++) {
    const value = valueIn(place)
    if (!isOwner(value) || (depth > 1 && random.below(6) === 0)) return place
    const names = Object.keys(value)
    if (names.length === 0) return place
    place = { owner: value, name: random.pick(names) }
  }
  return place
}

function isGetter({ owner, name }: Place): boolean {
  return Object.getOwnPropertyDescriptor(owner, name)?.get !== undefined
}

function valueIn(place: Place): unknown {
  return isGetter(place) ? undefined : place.owner[place.name]
}

/** Whether things can be changed in `value`: what was put there by an earlier change is left alone. */
function isOwner(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && known.has(value)
}

/** The first body that is still where it was. */
function bodyOf(root: Record<string, unknown>): Place | undefined {
  for (const owner of responsesIn(root)) {
    if (ArrayBuffer.isView(valueIn({ owner, name: 'body' }))) return { owner, name: 'body' }
  }
  return undefined
}

/** The responses that are still in their list. */
function responsesIn(root: Record<string, unknown>): Record<string, unknown>[] {
  const found = valueIn({ owner: root, name: 'found' })
  const responses = isOwner(found) ? valueIn({ owner: found, name: 'responses' }) : undefined
  if (!isOwner(responses)) return []
  return Object.keys(responses)
    .map((name) => valueIn({ owner: responses, name }))
    .filter(isOwner)
}

export function changedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.byteLength + 1)
  const kind = random.below(4)
  if (kind === 0) return bytes.slice(0, at)
  if (kind === 1) return bytes.slice(at)
  if (kind === 2) return Buffer.concat([bytes, Buffer.from(random.pick(['x', '\0', 'more than was stored']))])
  const flipped = Uint8Array.from(bytes)
  if (at < flipped.length) flipped[at] = (flipped[at] as number) ^ (1 << random.below(8))
  return flipped
}

/** The objects that a copy is made of. */
const known = new WeakSet<object>()

function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Uint8Array.from(value) as T
  const copy: unknown = Array.isArray(value)
    ? value.map(copyOf)
    : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyOf(part)]))
  known.add(copy as object)
  return copy as T
}
