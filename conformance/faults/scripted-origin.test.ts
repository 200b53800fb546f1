import { DictStore } from '@cc/store-dict'
import { threeRequests } from '../../packages/core/test/scripted-requests.js'

threeRequests('a DictStore', () => new DictStore())
