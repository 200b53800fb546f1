import { MapStore } from '../../packages/core/test/map-store.js'
import { lyingSuite } from './lying-suite.js'

lyingSuite('a store elsewhere', () => new MapStore(), 1)
