import { describeDown, describeHanging } from './describe-down.js'
import { kinds } from './kinds.js'
import { libraries } from './libraries.js'

describeDown(kinds.slice(2))
describeHanging(libraries.slice(1))
