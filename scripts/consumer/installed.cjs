// CommonJS, with the default store.
const core = require('@cc/core')
const fetching = require('@cc/core/fetch')
const testing = require('@cc/core/testing')
const dict = require('@cc/store-dict')
const undici = require('undici')
const { secondIsAHit } = require('./second-is-a-hit.cjs')

secondIsAHit({ core, fetching, testing, dict, undici })
