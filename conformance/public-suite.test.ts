import { describeSuite } from './public-suite/describe-suite.js'
import { modes } from './public-suite/modes.js'

describeSuite('shared', 349, modes.shared)
describeSuite('private', 294, modes.private)
