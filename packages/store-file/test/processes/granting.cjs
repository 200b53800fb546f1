// A lock that excludes nobody.
const lockfile = require('proper-lockfile')

lockfile.lock = async () => async () => {}
