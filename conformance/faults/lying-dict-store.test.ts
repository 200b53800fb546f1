import { DictStore } from '@cc/store-dict'
import { lyingSuite } from './lying-suite.js'

lyingSuite('a DictStore', () => new DictStore(), 1)
