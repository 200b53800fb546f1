import { generate } from 'selfsigned'

let made: ReturnType<typeof make> | undefined

/** A key and a certificate for localhost that nobody has signed but itself; always the same, for keys take time to find. */
export function certificate(): Promise<{ key: string; cert: string }> {
  made ??= make()
  return made
}

async function make(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }]
  })
  return { key, cert }
}
