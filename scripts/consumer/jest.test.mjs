import * as core from '@cc/core'
import * as fetching from '@cc/core/fetch'
import * as testing from '@cc/core/testing'
import * as dict from '@cc/store-dict'
import * as undici from 'undici'
import { secondIsAHit } from './second-is-a-hit.cjs'

it('the second request is a hit, in ESM', () => secondIsAHit({ core, fetching, testing, dict, undici }))
