/** Prints a heading and rows, column by column; numbers are aligned to the right. */
export function printTable(head, rows) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  const isNumber = (i) => ['status', 'without', 'with cache'].includes(head[i])
  const line = (row) =>
    row
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  console.log(`${line(head)}\n${line(widths.map((width) => '-'.repeat(width)))}`)
  for (const row of rows) console.log(line(row))
}

/** The columns of every report, and their cells for one request. */
export const columns = ['request', 'decision', 'status', 'without', 'with cache']
export function cellsOf(name, { plain, fromCache, decision }) {
  return [name, inWords(decision), String(fromCache.status), inMilliseconds(plain.ms), inMilliseconds(fromCache.ms)]
}

/** What the cache was good for: `sent` of the requests went to the origin in spite of it. */
export function total(requests, sent, remark = '') {
  const counted = requests === 1 ? '1 request' : `${requests} requests`
  return `${counted}: ${requests} went to the origin without a cache, ${sent} with it${remark}: ${requests - sent} saved.`
}

const inMilliseconds = (ms) => `${ms.toFixed(1)} ms`

/** A decision in words. */
function inWords({ outcome, stale, reason, stored, notStored }) {
  if (outcome === 'stale-hit') return `stale hit (${stale})`
  if (outcome === 'validated') return 'validated'
  if (outcome === 'bypass') return reason === 'method' ? 'passed on (unsafe method)' : 'bypass'
  if (outcome !== 'miss') return outcome
  const then = stored ? 'stored' : `not stored: ${notStored.reason} [${notStored.requirement}]`
  return `miss (${reason}), ${then}`
}
