import { Agent, cacheStores, fetch, interceptors, request } from 'undici'
import { importUnheard } from './unheard.mjs'
import { yardstick } from './yardstick.mjs'

/** Our interceptor and its store, or the error that says why they cannot be measured. */
export async function loadOurs() {
  try {
    const [{ cacheInterceptor, channels }, unheard, { DictStore }] = await Promise.all([
      import('@cc/core'),
      importUnheard(),
      import('@cc/store-dict')
    ])
    return {
      channels,
      with: (storeOptions, options) => cacheInterceptor({ ...options, store: new DictStore(storeOptions) }),
      unheard: () => unheard.cacheInterceptor({ store: new DictStore() })
    }
  } catch (error) {
    return { missing: error.message.split('\n')[0] }
  }
}

/** A client of its own with one connection, so that nothing but code is shared between contenders. */
export function client(interceptor) {
  const agent = new Agent({ connections: 1, keepAliveTimeout: 600_000 })
  return interceptor ? agent.compose(interceptor) : agent
}

export const withYardstick = (options) => client(yardstick(options))

/** undici's own cache; by default its store does not keep a body of 5 MiB, so the limit is raised. */
export function withUndiciCache(options) {
  return client(
    interceptors.cache({ store: new cacheStores.MemoryCacheStore({ maxEntrySize: 6 * 1024 ** 2, ...options }) })
  )
}

/** How a whole response is read, by API and way of reading; each resolves to the number of bytes. */
export const readers = {
  request: {
    arrayBuffer: async (url, dispatcher, headers) => {
      const { body } = await request(url, { dispatcher, headers })
      return (await body.arrayBuffer()).byteLength
    },
    drain: async (url, dispatcher, headers) => {
      const { body } = await request(url, { dispatcher, headers })
      return drained(body)
    }
  },
  fetch: {
    arrayBuffer: async (url, dispatcher) => {
      const response = await fetch(url, { dispatcher })
      return (await response.arrayBuffer()).byteLength
    },
    drain: async (url, dispatcher) => {
      const response = await fetch(url, { dispatcher })
      let bytes = 0
      for await (const chunk of response.body) bytes += chunk.length
      return bytes
    }
  }
}

function drained(body) {
  return new Promise((resolve, reject) => {
    let bytes = 0
    body.on('data', (chunk) => {
      bytes += chunk.length
    })
    body.on('end', () => resolve(bytes))
    body.on('error', reject)
  })
}
