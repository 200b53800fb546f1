import { describeSuite } from './public-suite/describe-suite.js'

describeSuite('shared', 349, {
  type: 'shared',
  targetedFields: ['CDN-Cache-Control'],
  sharedSetCookie: 'rfc',
  onDisconnect: '504',
  staleIfErrorSeconds: 60
})
describeSuite('private', 294, { type: 'private', onDisconnect: '504', staleIfErrorSeconds: 60 })
