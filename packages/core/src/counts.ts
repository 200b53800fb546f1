import type { CacheDecision } from './diagnostics.js'

/**
 * How often what happened, since the cache was made. The first six are disjoint: each request that the cache looked at
 * is counted in one of them, when it is decided how it went.
 */
export interface CacheStats {
  /** Served from the cache, fresh. */
  readonly hits: number
  /** Served from the cache, stale. */
  readonly staleHits: number
  /** Served from the cache after the origin confirmed it. */
  readonly validations: number
  /** Answered by the origin. */
  readonly misses: number
  /** Passed on without a look at the cache, unsafe requests among them. */
  readonly bypassed: number
  /** Not answered, as the origin failed, the caller gave up, or `only-if-cached` forbade to ask. */
  readonly errors: number
  /** Responses stored, or updated after they were confirmed. */
  readonly stored: number
  /** Validations in the background that were decided; they are no requests of a caller. */
  readonly backgroundValidations: number
  /** What the store failed to do. */
  readonly storeFailures: number
  /** Bytes of content that came from the cache and not from the origin. */
  readonly bytesSaved: number
}

type Told = Pick<CacheDecision, 'outcome' | 'status' | 'stored' | 'servedBytes'>

/** Counts what one cache does. */
export class Counts {
  #hits = 0
  #staleHits = 0
  #validations = 0
  #misses = 0
  #bypassed = 0
  #errors = 0
  #stored = 0
  #backgroundValidations = 0
  #storeFailures = 0
  #bytesSaved = 0

  /** Something was served without asking the origin, and nobody hears of it. */
  served(isStale: boolean, bytes: number): void {
    if (isStale) this.#staleHits++
    else this.#hits++
    this.#bytesSaved += bytes
  }

  /** It was decided how a request went. */
  decided(
    { outcome, status, stored, servedBytes }: Partial<Told> & Pick<Told, 'outcome'>,
    isBackground: boolean
  ): void {
    if (stored) this.#stored++
    if (isBackground) {
      this.#backgroundValidations++
      return
    }
    if (outcome === 'hit' || outcome === 'stale-hit') return this.served(outcome === 'stale-hit', servedBytes ?? 0)
    if (servedBytes !== undefined) this.#bytesSaved += servedBytes
    if (outcome === 'bypass') this.#bypassed++
    else if (outcome === 'validated') this.#validations++
    else if (outcome === 'miss' && status !== undefined) this.#misses++
    else this.#errors++
  }

  storeFailed(): void {
    this.#storeFailures++
  }

  get stats(): CacheStats {
    return {
      hits: this.#hits,
      staleHits: this.#staleHits,
      validations: this.#validations,
      misses: this.#misses,
      bypassed: this.#bypassed,
      errors: this.#errors,
      stored: this.#stored,
      backgroundValidations: this.#backgroundValidations,
      storeFailures: this.#storeFailures,
      bytesSaved: this.#bytesSaved
    }
  }
}
