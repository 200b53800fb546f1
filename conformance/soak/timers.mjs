// Counts timers that were set and neither cleared nor over, also those that keep no process alive.
const { setTimeout, clearTimeout } = globalThis
const pending = new Set()

globalThis.setTimeout = (callback, ms, ...args) => {
  const timer = setTimeout(
    (...args) => {
      pending.delete(timer)
      callback(...args)
    },
    ms,
    ...args
  )
  pending.add(timer)
  return timer
}

globalThis.clearTimeout = (timer) => {
  pending.delete(timer)
  clearTimeout(timer)
}

export const uncountedTimeout = setTimeout
export const pendingTimers = () => pending.size
