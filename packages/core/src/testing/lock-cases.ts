import assert from 'node:assert/strict'
import { type CaseDraft, cases } from './case-draft.js'
import { KEY } from './sample.js'

const patient = { leaseMs: 600_000, waitMs: 600_000 }

export const lockCases: CaseDraft[] = cases(
  'A lease at once if nobody holds the key; otherwise `undefined` for all who wait, at release, after `waitMs`, on abort',
  {
    'a lock that nobody holds is given at once': async (store) => {
      const lease = await store.lock?.(KEY, patient)
      assert.ok(lease)
      await lease.release()
    },
    'all who wait are told of the release together': async (store) => {
      const lease = await store.lock?.(KEY, patient)
      assert.ok(lease)
      const waiters = [store.lock?.(KEY, patient), store.lock?.(KEY, patient), store.lock?.(KEY, patient)]
      await lease.release()
      assert.deepEqual(await Promise.all(waiters), [undefined, undefined, undefined])
    },
    'a lock can be taken again after its release': async (store) => {
      for (let n = 0; n < 3; n++) {
        const lease = await store.lock?.(KEY, patient)
        assert.ok(lease)
        await lease.release()
      }
    },
    'a second release does no harm to the next holder': async (store) => {
      const one = await store.lock?.(KEY, patient)
      await one?.release()
      const two = await store.lock?.(KEY, patient)
      assert.ok(two)
      await one?.release()
      assert.equal(await store.lock?.(KEY, { leaseMs: 600_000, waitMs: 1 }), undefined)
      await two.release()
    },
    'locks of different keys are apart': async (store) => {
      const one = await store.lock?.(KEY, patient)
      const two = await store.lock?.(`${KEY}/x`, patient)
      assert.ok(one && two)
      await one.release()
      await two.release()
    },
    'waiting ends after waitMs': async (store) => {
      const lease = await store.lock?.(KEY, patient)
      assert.equal(await store.lock?.(KEY, { leaseMs: 600_000, waitMs: 1 }), undefined)
      await lease?.release()
    },
    'waiting ends on abort': async (store) => {
      const lease = await store.lock?.(KEY, patient)
      const abort = new AbortController()
      const waiter = store.lock?.(KEY, { ...patient, signal: abort.signal })
      abort.abort()
      assert.equal(await waiter, undefined)
      assert.equal(await store.lock?.(KEY, { ...patient, signal: AbortSignal.abort() }), undefined)
      await lease?.release()
    }
  },
  'lock'
)
