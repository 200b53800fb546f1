/** What jest is not to replace, where it replaces these alone: sockets and promises go on as they are. */
export function everythingBut(...faked: readonly string[]) {
  const all = ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const
  const timers = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const
  return [...all, ...timers].filter((name) => !faked.includes(name))
}
