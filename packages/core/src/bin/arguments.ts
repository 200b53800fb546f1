import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Asked {
  readonly url: URL
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly type: 'shared' | 'private'
  readonly asJson: boolean
}

export const help = `Usage: cc-explain [options] URL

Asks for the URL, and explains what a cache does with the answer: whether it is stored, whether it is served to the next
who asks the same, until when, and by which rules.

  -H, --header 'name: value'  a field of the request; may be repeated
      --private               a cache for one user; without it, one that many share
      --json                  prints the explanation as JSON
  -h, --help                  prints this

Ends with 0 if there was an answer to explain, with 1 if there was none, and with 2 for a wrong command line.
Fields that are sent are never printed, nor what is secret in the query of the URL.`

/** A mistake on the command line. */
export class UsageError extends Error {}

/** @throws UsageError; `undefined` where help is asked for */
export function readArguments(args: readonly string[]): Asked | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [text, ...more] = positionals
  if (text === undefined) throw new UsageError('give a URL')
  if (more.length > 0) throw new UsageError('give one URL')
  const type = values.private ? 'private' : 'shared'
  return { url: urlOf(text), headers: headersOf(values.header ?? []), type, asJson: values.json ?? false }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        header: { type: 'string', short: 'H', multiple: true },
        private: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' }
      }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('the URL has to begin with http:// or https://')
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('a user name or password in the URL is not sent; use -H authorization:…')
  }
  return url
}

function headersOf(lines: readonly string[]): Record<string, string | string[]> {
  // Many origins refuse requests that do not say what sent them.
  const headers = new Map<string, string[]>([
    ['accept', ['*/*']],
    ['user-agent', ['cc-explain']]
  ])
  const given = new Set<string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    // What is wrong with it is not shown: it may be a password.
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || /[^\t -~\u0080-\u00ff]/.test(value)) {
      throw new UsageError("-H takes 'name: value'")
    }
    const before = given.has(name) ? headers.get(name) : undefined
    headers.set(name, [...(before ?? []), value])
    given.add(name)
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values])
  )
}
