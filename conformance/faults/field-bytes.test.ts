import { DictStore } from '@cc/store-dict'
import { fieldBytes } from '../../packages/core/test/field-bytes.js'

fieldBytes('a DictStore', () => new DictStore())
