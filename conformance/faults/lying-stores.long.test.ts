import { DictStore } from '@cc/store-dict'
import { MapStore } from '../../packages/core/test/map-store.js'
import { lyingSuite } from './lying-suite.js'

const all = Number.POSITIVE_INFINITY

lyingSuite('a store in memory', () => new MapStore({ sync: true, keepsObjects: true }), all)
lyingSuite('a store elsewhere', () => new MapStore(), all)
lyingSuite('a DictStore', () => new DictStore(), all)
lyingSuite('a DictStore that shares its bodies', () => new DictStore({ shareBodies: true }), all)
