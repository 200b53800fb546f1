import { describeSuite } from './public-suite/describe-suite.js'

describeSuite('proxy', 329, {
  type: 'shared',
  sharedSetCookie: 'rfc',
  onDisconnect: '504',
  staleIfErrorSeconds: 60
})
