/** Lets other work have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets others go first, and the process end. */
export function idleTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1).unref())
}
