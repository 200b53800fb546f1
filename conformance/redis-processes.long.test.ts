import { expect, it } from '@jest/globals'
import { RedisProcesses } from './redis-processes/redis-processes.js'

it('COLL-01: fifty processes that miss the same response make one request of the origin', async () => {
  const processes = await RedisProcesses.open()
  try {
    expect(await processes.missTogether(50)).toEqual({ asked: 1, answers: Array(50).fill('once') })
  } finally {
    await processes.close()
  }
})
