import { existsSync, readFileSync } from 'node:fs'

const statistics = '/proc/thread-self/schedstat'
const isThere = existsSync(statistics)

/**
 * How long this thread has had a processor, in milliseconds: what else the machine does is left out. Where the system
 * does not tell, how late it is.
 */
export function processorMs() {
  if (!isThere) return performance.now()
  // Has the system count up to this moment, not to the last tick of its clock.
  process.cpuUsage()
  return Number(readFileSync(statistics, 'latin1').split(' ')[0]) / 1e6
}
