import { describeSuite } from './public-suite/describe-suite.js'

describeSuite('proxy', 349, {
  type: 'shared',
  targetedFields: ['CDN-Cache-Control'],
  sharedSetCookie: 'rfc',
  onDisconnect: '504',
  staleIfErrorSeconds: 60
})
