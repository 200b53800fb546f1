import { MapStore } from '../../packages/core/test/map-store.js'
import { lyingSuite } from './lying-suite.js'

lyingSuite('a store in memory', () => new MapStore({ sync: true, keepsObjects: true }), 1)
