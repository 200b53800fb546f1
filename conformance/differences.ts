import type { Mode } from './public-suite/classify.js'

export interface Difference {
  /** Tests of the public suite that do not pass, nor should. */
  ids: readonly string[]
  modes: readonly Mode[]
  /** The requirements that decide otherwise than the suite. */
  requirements: readonly string[]
  why: string
}

/** Groups of the public suite that are not judged. */
export interface LeftOut {
  groups: readonly string[]
  modes: readonly Mode[]
  requirements: readonly string[]
  why: string
}

const all = ['shared', 'private', 'proxy'] as const

export const leftOut: readonly LeftOut[] = [
  {
    groups: ['surrogate-control'],
    modes: ['proxy'],
    requirements: ['TGT-01'],
    why: 'Surrogate-Control has a syntax of its own, with names of caches in it; targeted fields are those of RFC 9213.'
  }
]

/** Where this cache intends another result than http-cache-tests 0.4.5 expects. */
export const differences: readonly Difference[] = [
  {
    ids: [
      'age-parse-nonnumeric',
      'age-parse-negative',
      'age-parse-float',
      'age-parse-parameter',
      'age-parse-numeric-parameter'
    ],
    modes: all,
    requirements: ['AGE-03'],
    why: 'The suite takes a response with an invalid Age as stale; RFC 9111 §5.1 has such an Age ignored.'
  },
  {
    ids: ['age-parse-prefix-twoline', 'age-parse-dup-0', 'age-parse-dup-0-twoline', 'age-parse-dup-old'],
    modes: all,
    requirements: ['AGE-03'],
    why: 'Of several values of Age the first counts (RFC 9111 §5.1), and here it leaves the response fresh.'
  },
  {
    ids: ['stale-close-must-revalidate'],
    modes: all,
    requirements: ['STALE-02', 'STALE-08'],
    why: 'The caller gets a 504 made by the cache, which the suite takes for a stored response: it lacks a counter field.'
  },
  {
    ids: ['stale-close-proxy-revalidate', 'stale-close-s-maxage=2'],
    modes: ['shared', 'proxy'],
    requirements: ['STALE-02', 'STALE-08'],
    why: 'As with must-revalidate: a 504 made by the cache.'
  },
  {
    ids: ['stale-close-proxy-revalidate', 'stale-close-s-maxage=2'],
    modes: ['private'],
    requirements: ['RESP-05', 'RESP-06'],
    why: 'Both bind shared caches only, so staleIfErrorSeconds lets a private one serve the response stale.'
  },
  {
    ids: ['stale-close-no-cache'],
    modes: all,
    requirements: ['STORE-08', 'STALE-08'],
    why: 'no-cache without a validator is not stored, so the caller gets the error, which the suite does not expect.'
  },
  {
    ids: ['vary-normalise-lang-order'],
    modes: ['shared', 'proxy'],
    requirements: ['VARY-07'],
    why: 'Servers act on the order of Accept-Language: another value, unless varyNormalizers says no, as in private mode.'
  },
  {
    ids: ['vary-normalise-lang-select'],
    modes: all,
    requirements: ['VARY-08'],
    why: 'Values that differ in meaning do not match (RFC 9111 §4.1): no choosing among variants by weight.'
  },
  {
    ids: ['conditional-lm-fresh-no-lm'],
    modes: ['shared', 'proxy'],
    requirements: ['VAL-07'],
    why: 'Without Last-Modified the date to compare is Date, which is later than the one given, so the answer is 200.'
  },
  {
    ids: ['304-etag-update-response-Content-MD5'],
    modes: all,
    requirements: ['UPD-06'],
    why: 'RFC 9111 §3.2 updates every field but those that the stored bytes depend on; Content-MD5 is not among them.'
  },
  {
    ids: ['304-etag-update-response-ETag'],
    modes: all,
    requirements: ['UPD-01', 'VAL-10'],
    why: 'A 304 with another strong tag identifies no stored response, so the request is sent once more.'
  },
  {
    ids: [
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-suffix'
    ],
    modes: all,
    requirements: ['RNG-01', 'RNG-09'],
    why: 'No 206 is stored by default, and this one declares six bytes and brings five, which is never stored.'
  },
  {
    ids: ['partial-store-partial-complete'],
    modes: all,
    requirements: ['RNG-10'],
    why: 'The sample has no validator, and without a strong one partial content is not combined (RFC 9111 §3.4).'
  },
  {
    ids: ['cdn-max-age-case-insensitive'],
    modes: ['shared', 'proxy'],
    requirements: ['TGT-02'],
    why: 'Keys of structured fields are lower case: another spelling makes the field invalid (RFC 9213 §2.1).'
  }
]

/** The differences of one mode by test id. */
export function differencesOf(mode: Mode): Map<string, Difference> {
  const ofMode = differences.filter(({ modes }) => modes.includes(mode))
  return new Map(ofMode.flatMap((difference) => difference.ids.map((id) => [id, difference])))
}
