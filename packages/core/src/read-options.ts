import { Integrity } from './integrity.js'
import { invalid, isFieldName, isMethod, isOrigin, isParameterName, OptionReader } from './option-reader.js'
import type { CacheOptions } from './options.js'
import { lastModified } from './rules/heuristics.js'
import type { EpochMilliseconds } from './rules/messages.js'
import type { RuleOptions } from './rules/options.js'
import { secretParameters } from './rules/redaction.js'
import type { CacheStore } from './store.js'

/** Checked options with their defaults. */
export interface Settings {
  readonly rules: RuleOptions
  readonly store: CacheStore | undefined
  readonly partition: CacheOptions['partition']
  readonly clock: () => EpochMilliseconds
  readonly onDisconnect: 'throw' | '504'
  readonly maxEntryBytes: number
  readonly storeTimeoutMs: number
  readonly copyBufferBytes: number
  readonly queryBodyLimit: number
  readonly collapse: boolean
  readonly collapseAcrossProcesses: boolean
  readonly collapseWaitMs: number
  readonly verify: 'digest' | 'length'
  readonly integrity: Integrity | undefined
  readonly tape: CacheOptions['tape']
  /** As members of `Cache-Status` begin. */
  readonly cacheStatus: string | undefined
  readonly cacheStatusKey: boolean
  readonly origin: string | undefined
  readonly origins: CacheOptions['origins']
  readonly enabled: CacheOptions['enabled']
  /** In lower case. */
  readonly redactQuery: ReadonlySet<string>
  readonly onDecision: CacheOptions['onDecision']
}

const defaultCredentialFields = ['Cookie', 'Proxy-Authorization', 'X-Api-Key', 'Api-Key', 'X-Auth-Token']

/** Checks options. @throws TypeError that names the option and the value, unless that is a secret */
export function readOptions(options: CacheOptions, digest: RuleOptions['digest']): Settings {
  if (typeof options !== 'object' || options === null) throw invalid('options', options, 'an object')
  const read = new OptionReader(options)
  const type = read.oneOf('type', ['shared', 'private'], 'shared')
  const clock = read.function('clock') ?? Date.now
  const secrets = read.secrets('integrityKey')
  const integrity = secrets && new Integrity(secrets)
  const settings: Settings = {
    rules: {
      type,
      targetedFields: lowerCased(read.list('targetedFields', isFieldName, 'field names') ?? []),
      methods: new Set(read.list('methods', isMethod, 'GET, HEAD or QUERY') ?? ['GET', 'HEAD', 'QUERY']),
      keyFields: lowerCased(read.list('keyFields', isFieldName, 'field names') ?? []),
      varyNormalizers: read.functionsByField('varyNormalizers'),
      maxVariants: read.integer('maxVariants', 1, 32),
      bypassAuthorized: read.boolean('bypassAuthorized', false),
      implicitCredentialKey: read.boolean('implicitCredentialKey', true),
      credentialFields: new Set(
        lowerCased(read.list('credentialFields', isFieldName, 'field names') ?? defaultCredentialFields)
      ),
      sharedSetCookie: read.oneOf('sharedSetCookie', ['explicit', 'rfc', 'never'], 'explicit'),
      heuristic: read.functionOrFalse('heuristic') ?? lastModified(),
      keepStaleSeconds: read.number('keepStaleSeconds', 86_400),
      trustDate: read.boolean('trustDate', true),
      staleIfErrorSeconds: read.number('staleIfErrorSeconds', 0),
      sMaxAgeAllowsStale: read.boolean('sMaxAgeAllowsStale', false),
      cacheGroups: read.boolean('cacheGroups', true),
      invalidateLocations: read.boolean('invalidateLocations', true),
      storeCloseDelimited: read.boolean('storeCloseDelimited', false),
      storePostAsGet: read.boolean('storePostAsGet', true),
      noVarySearch: read.boolean('noVarySearch', false),
      trace: undefined,
      ranges: read.oneOf('ranges', ['off', 'serve', 'store'], 'serve'),
      digest,
      credentialDigest: integrity?.digest ?? digest
    },
    store: read.store('store'),
    partition: read.function('partition'),
    clock: () => timeOf(clock),
    onDisconnect: read.oneOf('onDisconnect', ['throw', '504'], 'throw'),
    maxEntryBytes: read.integer('maxEntryBytes', 0, Number.POSITIVE_INFINITY),
    storeTimeoutMs: read.integer('storeTimeoutMs', 1, 250),
    copyBufferBytes: read.integer('copyBufferBytes', 0, 1_048_576),
    queryBodyLimit: read.integer('queryBodyLimit', 0, 65_536),
    collapse: read.boolean('collapse', true),
    collapseAcrossProcesses: read.boolean('collapseAcrossProcesses', false),
    collapseWaitMs: read.integer('collapseWaitMs', 1, 5_000),
    verify: read.oneOf('verify', ['digest', 'length'], 'digest'),
    integrity,
    tape: read.oneOf('tape', ['record', 'replay'], undefined),
    cacheStatus: read.statusName('cacheStatus'),
    cacheStatusKey: read.boolean('cacheStatusKey', false),
    origin: read.origin('origin'),
    origins: normalOrigins(read.list('origins', isOrigin, 'origins such as https://example.com, or patterns')),
    enabled: read.function('enabled'),
    redactQuery: new Set(
      lowerCased(read.list('redactQuery', isParameterName, 'names of query parameters') ?? secretParameters)
    ),
    onDecision: read.function('onDecision')
  }
  read.refuseUnknown()
  if (settings.tape !== undefined && settings.store === undefined) {
    throw invalid('store', undefined, 'set where tape is: recordings belong into a store that was chosen for them')
  }
  if (integrity !== undefined && settings.verify === 'length') {
    throw invalid('verify', settings.verify, 'digest where integrityKey is set, which signs bodies by their digests')
  }
  return settings
}

function normalOrigins(origins: readonly (string | RegExp)[] | undefined): readonly (string | RegExp)[] | undefined {
  return origins?.map((origin) => (typeof origin === 'string' ? new URL(origin).origin : origin))
}

function lowerCased(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase())
}

/** A clock that fails tells no time; then nothing counts as fresh (CLK-02). */
function timeOf(clock: () => EpochMilliseconds): EpochMilliseconds {
  try {
    const now = clock()
    return typeof now === 'number' ? now : Number.NaN
  } catch {
    return Number.NaN
  }
}
