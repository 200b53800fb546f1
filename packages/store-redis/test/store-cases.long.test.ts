import { describeCases } from './describe-cases.js'
import { libraries } from './libraries.js'

describeCases(libraries.slice(1))
