import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { StoredResponse } from './rules/messages.js'

/** A secret as options give it: the bytes of a text are those of UTF-8. */
export type Secret = string | Uint8Array

/** A shorter key would make HMAC-SHA-256 weaker than its hash. RFC 2104 §3. */
export const leastSecretBytes = 32

const hmacBytes = 32

/** What is kept with a body. */
type Signable = Pick<StoredResponse, 'hmac' | 'digests'>

/**
 * Tells what caches with the same secret have stored from what anybody else has written (SEC-05), and makes digests that
 * nobody without the secret can try guesses on. RFC 2104.
 */
export class Integrity {
  readonly #signing: readonly [KeyObject, ...KeyObject[]]
  readonly #digesting: KeyObject

  /** The first secret signs and digests; all of them verify. */
  constructor([first, ...others]: readonly [Secret, ...Secret[]]) {
    // Keys of their own: who may choose what is digested, and sees the digest, would otherwise have it signed.
    const signingKey = (secret: Secret) => derivedKey(secret, '@cc/core stored response 1')
    this.#signing = [signingKey(first), ...others.map(signingKey)]
    this.#digesting = derivedKey(first, '@cc/core digest 1')
  }

  /** HMAC-SHA-256 of a text, in lowercase hex, on which nobody else can try guesses. */
  readonly digest = (text: string): string => {
    return createHmac('sha256', this.#digesting).update(text).digest('hex')
  }

  /** The same response, frozen, with a signature in place of any it had. */
  signed<Kept extends Signable>(response: Kept): Kept {
    return Object.freeze({ ...response, hmac: signature(this.#signing[0], signedText(response)).toString('hex') })
  }

  /** Whether all of it, and by its digests the body too, is as it was signed with one of the secrets. */
  isSigned(response: Signable): boolean {
    const { hmac, digests } = response
    if (typeof hmac !== 'string' || hmac.length !== 2 * hmacBytes || digests === undefined) return false
    const given = Buffer.from(hmac, 'hex')
    if (given.byteLength !== hmacBytes) return false
    const text = signedText(response)
    return this.#signing.some((key) => timingSafeEqual(signature(key, text), given))
  }
}

/**
 * Every property but the signature itself, known or not, in a form that does not depend on their order, which stores may
 * change. Different responses have different texts.
 */
export function signedText(response: Signable): string {
  const properties: (readonly [string, unknown])[] = []
  for (const [name, value] of Object.entries(response)) {
    if (name === 'hmac' || value === undefined) continue
    properties.push([name, name === 'marks' ? Object.entries(value).sort(byName) : value])
  }
  return JSON.stringify(properties.sort(byName))
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}

function signature(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** A key for one purpose. RFC 5869. */
function derivedKey(secret: Secret, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, hmacBytes)))
}
