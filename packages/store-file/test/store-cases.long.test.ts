import { describeCases } from './describe-cases.js'

describeCases({ 'FileStore with durable': { durable: true } })
