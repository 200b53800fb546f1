import { describeDeployments } from './describe-deployments.js'
import { libraries } from './libraries.js'

describeDeployments(libraries.slice(1))
