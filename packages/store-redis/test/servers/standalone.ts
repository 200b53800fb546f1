import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, type Command, type Login, type Reply } from './ask.js'
import { certificate } from './certificate.js'
import { freePort } from './ports.js'
import { RedisProcess, startOnFreePorts } from './redis-process.js'

export interface RedisOptions {
  /** Speaks only TLS; clients trust `ca`. */
  readonly tls?: boolean
  /** Rules of an ACL user `app`, by which `url` logs in. The user `default` may do everything. */
  readonly acl?: string
  /** The password of the user `default`. */
  readonly password?: string
  /** More directives, as on the command line: `['--maxmemory', '1mb']`. */
  readonly args?: readonly string[]
}

export class Redis extends RedisProcess {
  readonly port: number
  /** With the name and the password to log in with, if it takes some. */
  readonly url: string
  /** The certificate to trust. */
  readonly ca: string | undefined
  readonly #options: RedisOptions

  constructor(port: number, options: RedisOptions, tls?: { key: string; cert: string }) {
    super(configuration(port, options))
    this.port = port
    this.#options = options
    this.ca = tls?.cert
    if (tls !== undefined) {
      writeFileSync(join(this.folder, 'key.pem'), tls.key, { mode: 0o600 })
      writeFileSync(join(this.folder, 'cert.pem'), tls.cert)
    }
    const user = options.acl === undefined ? '' : 'app:secret@'
    const login = user === '' && options.password !== undefined ? `:${options.password}@` : user
    this.url = `${tls === undefined ? 'redis' : 'rediss'}://${login}localhost:${port}`
  }

  /** The reply to one command of the user `default`, over a connection of its own. */
  ask(...command: Command): Promise<Reply> {
    return ask(this.#login, command)
  }

  /** The same with bytes for strings. */
  askForBytes(...command: Command): Promise<Reply> {
    return ask(this.#login, command, 'bytes')
  }

  /** The same for another user. */
  askAs(username: string, password: string, ...command: Command): Promise<Reply> {
    return ask({ ...this.#login, username, password }, command)
  }

  get #login(): Login {
    return { port: this.port, password: this.#options.password, ca: this.ca }
  }
}

/** A redis-server of its own, stopped when the tests of the file are over. */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const tls = options.tls ? await certificate() : undefined
  return startOnFreePorts(async () => new Redis(await freePort(), options, tls))
}

/** What all test servers have in common: nothing is kept on disk, and DEBUG may be used. */
export const memoryOnly = ["save ''", 'appendonly no', 'enable-debug-command yes', 'repl-diskless-sync-delay 0']

function configuration(port: number, { tls, acl, password, args = [] }: RedisOptions): string[] {
  const lines = [...memoryOnly, ...directives(args)]
  if (tls) {
    lines.push('port 0', `tls-port ${port}`, 'tls-auth-clients no')
    lines.push('tls-cert-file cert.pem', 'tls-key-file key.pem', 'tls-ca-cert-file cert.pem')
  } else lines.push(`port ${port}`)
  if (acl !== undefined) lines.push(`user app on >secret ${acl}`)
  if (password !== undefined) lines.push(`requirepass ${password}`)
  return lines
}

/** `['--a', 'b', 'c', '--d', 'e']` as lines of a configuration file. */
function directives(args: readonly string[]): string[] {
  const lines: string[] = []
  for (const arg of args) {
    if (arg.startsWith('--')) lines.push(arg.slice(2))
    else lines.push(`${lines.pop() ?? ''} ${arg === '' ? "''" : arg}`)
  }
  return lines
}
