import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root, run } from './steps.mjs'

describe('examples/open-telemetry.mjs', () => {
  it('measures what the cache does, and says in spans how it answered, without secrets (SEC-03)', async () => {
    const output = await run(process.execPath, [join(root, 'examples/open-telemetry.mjs')], { timeoutMs: 60_000 })
    expect(output.trim().split('\n')).toEqual([
      'cache.requests {method=GET outcome=miss reason=uri-miss} 2',
      'cache.requests {method=GET outcome=hit} 1',
      'cache.requests {method=GET outcome=validated reason=request} 1',
      'cache.bytes_saved {} 8 By',
      'cache.stored {action=stored} 2',
      'cache.stored {action=updated} 1',
      'cache.validations {outcome=confirmed background=false} 1',
      'cache.evictions {store=DictStore} 1',
      'cache.lookup.duration {} 4 measured',
      'span miss uri-miss ?token=***',
      'span hit - ?token=***',
      'span validated request ?token=***',
      'span miss uri-miss ?token=***&other'
    ])
  })
})
