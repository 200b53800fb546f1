import { describeCases } from './describe-cases.js'

describeCases({ FileStore: {}, 'FileStore with reads: async': { reads: 'async' } })
