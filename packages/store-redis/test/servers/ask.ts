import { Redis as Client } from 'ioredis'

// biome-ignore lint/suspicious/noExplicitAny: what a command answers is known to who sends it
export type Reply = any

/** Sends one command over a connection of its own, and resolves to the reply. */
export async function ask(
  { port, password, ca }: { port: number; password?: string | undefined; ca?: string | undefined },
  [name, ...args]: readonly [string, ...(string | number | Buffer)[]]
): Promise<Reply> {
  const client = new Client({
    host: 'localhost',
    port,
    family: 4,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { tls: { ca } })
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(name, ...args)
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
