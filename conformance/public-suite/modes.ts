import type { CacheOptions } from '@cc/core'

/** Languages in whatever order they are named, each with its weight. Only who knows the origin can say that it may be so. */
const inAnyOrder = (languages: string) => {
  const members = languages.toLowerCase().split(',')
  return members
    .map((member) => member.trim())
    .sort()
    .join()
}

/** What the suite runs with, in the process of its client. */
export const modes = {
  shared: {
    type: 'shared',
    targetedFields: ['CDN-Cache-Control'],
    sharedSetCookie: 'rfc',
    onDisconnect: '504',
    staleIfErrorSeconds: 60
  },
  private: {
    type: 'private',
    onDisconnect: '504',
    staleIfErrorSeconds: 60,
    varyNormalizers: { 'accept-language': inAnyOrder }
  }
} as const satisfies Record<string, CacheOptions>
