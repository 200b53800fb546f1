// Makes docs/options.md of the doc comments of all options that are public.
import { codeBlocks } from './check-docs.mjs'
import { interfaceOf } from './option-comments.mjs'
import { slugOf } from './slug.mjs'

const core = 'packages/core/README.md'
const cacheOptions = [
  ['where responses are kept', 'store', 'StoreOptions'],
  ['users', 'users', 'UserOptions'],
  ['requests', 'requests', 'RequestOptions'],
  ['freshness', 'freshness', 'FreshnessOptions'],
  ['storing and invalidation', 'storing', 'StoringOptions'],
  ['collapsed requests', 'collapsing', 'CollapsingOptions'],
  ['observing', 'observing', 'ObservingOptions']
]

/** The interfaces whose members are options, in the order of the page, with the README whose table lists them. */
export const documented = [
  ...cacheOptions.map(([about, file, name]) => ({
    heading: `Options of \`cacheInterceptor\`: ${about}`,
    file: `packages/core/src/options/${file}.ts`,
    name,
    readme: core
  })),
  {
    heading: 'Options of `createFetch`',
    file: 'packages/core/src/fetch/create-fetch.ts',
    name: 'FetchOptions',
    readme: core
  },
  {
    heading: 'Options of `delete`, `invalidate` and `entries`',
    file: 'packages/core/src/undici/cache-handle.ts',
    name: 'PartitionOption'
  },
  { heading: 'Options of `purge`', file: 'packages/core/src/undici/cache-handle.ts', name: 'PurgeOptions' },
  { heading: 'Options of `close`', file: 'packages/core/src/undici/cache-handle.ts', name: 'CloseOptions' },
  {
    heading: 'Options of `DictStore`',
    file: 'packages/store-dict/src/options.ts',
    name: 'DictStoreOptions',
    readme: 'packages/store-dict/README.md'
  },
  {
    heading: 'Options of `FileStore`',
    file: 'packages/store-file/src/options.ts',
    name: 'FileStoreOptions',
    readme: 'packages/store-file/README.md'
  },
  {
    heading: 'Options of `RedisStore`',
    file: 'packages/store-redis/src/options.ts',
    name: 'RedisStoreOptions',
    readme: 'packages/store-redis/README.md'
  },
  { heading: 'Options of `nearCache`', file: 'packages/store-redis/src/options.ts', name: 'NearCacheOptions' },
  {
    heading: 'Options of `fromKeyValue`',
    file: 'packages/bridges/src/options.ts',
    name: 'KeyValueStoreOptions',
    readme: 'packages/bridges/README.md'
  },
  {
    heading: 'Options of `toUndiciStore`',
    file: 'packages/bridges/src/to-undici-store.ts',
    name: 'UndiciStoreOptions'
  },
  { heading: 'Options of `storeCases`', file: 'packages/core/src/testing/store-cases.ts', name: 'StoreCasesOptions' }
]

const intro = `<!-- This page is generated from the doc comments of the options: \`npm run options\` writes it. -->

# Options

Every option: what it does, when to set it, and what it means to leave it out. They are checked when the interceptor or the
store is made: a value of another type, or one out of range, is a \`TypeError\` that names the option and, secrets apart, the
value; so is a name that \`cacheInterceptor\` does not know. *Errors* tells what else there can be. The ids are those of
[requirements](requirements.md). Each example runs.

This page is made of the doc comments that an editor shows: \`npm run options\` writes it, \`npm test\` fails if it is out of date.
`

/** What is missing in the doc comment of an option. */
export function commentFaults(option) {
  const isNamed = new RegExp(`(?<![\\w$])${option.name}(?![\\w$])`)
  return [
    ...(option.description === '' ? ['it has no description'] : []),
    ...(option.defaultValue === undefined ? ['it has no @defaultValue'] : []),
    ...(/^(?:number|Seconds)$|=> EpochMilliseconds$/.test(option.type) && option.unit === undefined
      ? ['it has no @unit']
      : []),
    ...(option.examples.some((example) => codeBlocks(example).some(({ text }) => isNamed.test(text)))
      ? []
      : ['no @example names it'])
  ]
}

/** Names exported as types of options that the page does not document. `indexes` is path → text. */
export function exportFaults(indexes, names) {
  return [...indexes].flatMap(([path, text]) =>
    [...text.matchAll(/\b\w+Options?\b/g)]
      .map(([name]) => name)
      .filter((name) => name !== 'CacheOptions' && !names.includes(name))
      .map(
        (name) => `${path}: ${name} is exported, and docs/options.md has not its options: add it to options-page.mjs`
      )
  )
}

/** A code span with pipes and backticks as they are. */
const span = (text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

/**
 * The page, and what is wrong: `{ text, faults, options }`. `files` is path → text, of the sources and of docs/;
 * `groups` the titles of the groups of requirements.
 */
export function optionsPage({ files, groups, sections = documented }) {
  const faults = []
  const parts = sections.map((section) => ({ ...section, ...interfaceOf(files.get(section.file), section.name) }))
  const anchors = new Map()
  const times = new Map()
  for (const { name, options, heading } of parts) {
    for (const [key, text] of [[name, heading], ...options.map((option) => [`${name}.${option.name}`, option.name])]) {
      const slug = slugOf(text)
      const before = times.get(slug) ?? 0
      times.set(slug, before + 1)
      anchors.set(key, before === 0 ? slug : `${slug}-${before}`)
    }
  }
  const linked = (text, at) =>
    text
      .replace(/ \([A-Z]{2,5}-\d{2}(?:, [A-Z]{2,5}-\d{2})*\)/g, '')
      .replace(/\{@link ([\w.]+)\}/g, (_, target) => {
        const label = `\`${target.replace(/^.*\./, '')}\``
        if (anchors.has(target)) return `[${label}](#${anchors.get(target)})`
        if (target.includes('.')) faults.push(`${at}: {@link ${target}} leads nowhere`)
        return label
      })
      .replace(/\bdocs\/([\w-]+\.md)(#[\w-]+)?/g, (path, page, anchor) => {
        const title = titleOf(files.get(`docs/${page}`) ?? '', anchor?.slice(1))
        if (title === undefined) faults.push(`${at}: ${path} does not exist`)
        return `[${title}](${page}${anchor ?? ''})`
      })
  const requirement = (id) => {
    const group = groups[id.split('-')[0]]
    if (group === undefined) faults.push(`${id} is of no group of requirements`)
    return `[${id}](requirements.md#${slugOf(group ?? '')})`
  }
  const lines = [intro]
  for (const { heading, name, file, description, options } of parts) {
    const at = `${file}: ${name}`
    lines.push(`## ${heading}`, '')
    if (description !== '') lines.push(linked(description, at), '')
    for (const option of options) {
      const where = `${at}.${option.name}`
      faults.push(...commentFaults(option).map((fault) => `${where}: ${fault}`))
      const oneLine = (text) => linked(text.replace(/\s*\n\s*/g, ' '), where)
      lines.push(`### \`${option.name}\``, '', `- Type: ${span(option.type)}`)
      if (option.unit !== undefined) lines.push(`- Unit: ${oneLine(option.unit)}`)
      lines.push(`- Default: ${oneLine(option.defaultValue ?? '')}`)
      for (const error of option.throws)
        lines.push(`- Errors: ${oneLine(error).replace(/(?<!`)\b[A-Z]\w+Error\b/g, '`$&`')}`)
      if (option.ids.length > 0) lines.push(`- Requirements: ${option.ids.map(requirement).join(', ')}`)
      lines.push('', linked(option.description, where), '')
      for (const example of option.examples) lines.push(example, '')
    }
  }
  return { text: `${lines.join('\n').trimEnd()}\n`, faults, options: parts }
}

/** The heading of a page, or the one of its headings that has this anchor. */
function titleOf(markdown, anchor) {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)
  return anchor === undefined ? headings[0] : headings.find((heading) => slugOf(heading) === anchor)
}
