import { describeSuite } from './public-suite/describe-suite.js'

describeSuite('shared', 329, {
  type: 'shared',
  sharedSetCookie: 'rfc',
  onDisconnect: '504',
  staleIfErrorSeconds: 60
})
describeSuite('private', 294, { type: 'private', onDisconnect: '504', staleIfErrorSeconds: 60 })
