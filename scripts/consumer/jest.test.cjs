const { secondIsAHit } = require('./second-is-a-hit.cjs')

it('the second request is a hit, in CommonJS', () =>
  secondIsAHit({
    core: require('@cc/core'),
    fetching: require('@cc/core/fetch'),
    testing: require('@cc/core/testing'),
    dict: require('@cc/store-dict'),
    undici: require('undici')
  }))
