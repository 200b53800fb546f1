import { Redis as Client } from 'ioredis'

// biome-ignore lint/suspicious/noExplicitAny: what a command answers is known to who sends it
export type Reply = any

export interface Login {
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly ca?: string | undefined
}

export type Command = readonly [name: string, ...args: (string | number | Buffer)[]]

/** Sends one command over a connection of its own, and resolves to the reply. */
export async function ask(
  { port, username, password, ca }: Login,
  [name, ...args]: Command,
  form: 'text' | 'bytes' = 'text'
): Promise<Reply> {
  const client = new Client({
    host: 'localhost',
    port,
    family: 4,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { tls: { ca } })
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await (form === 'text' ? client.call(name, ...args) : client.callBuffer(name, ...args))
  } finally {
    client.disconnect()
  }
}

/** Asks until the answer is `right`; what it was. For what a server does not tell in its log. */
export async function askUntil<T>(question: () => Promise<T>, right: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await question()
    if (right(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
