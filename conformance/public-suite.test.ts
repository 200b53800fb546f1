import { describeSuite } from './public-suite/describe-suite.js'

describeSuite('shared', 349, {
  type: 'shared',
  targetedFields: ['CDN-Cache-Control'],
  sharedSetCookie: 'rfc',
  onDisconnect: '504',
  staleIfErrorSeconds: 60
})

/** Languages in whatever order they are named, each with its weight. Only who knows the origin can say that it may be so. */
const inAnyOrder = (languages: string) => {
  const members = languages.toLowerCase().split(',')
  return members
    .map((member) => member.trim())
    .sort()
    .join()
}
describeSuite('private', 294, {
  type: 'private',
  onDisconnect: '504',
  staleIfErrorSeconds: 60,
  varyNormalizers: { 'accept-language': inAnyOrder }
})
