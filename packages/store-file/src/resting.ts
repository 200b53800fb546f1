/** So many files are read or removed before other work has its turn. */
const filesInTurn = 64

/** Lets other work have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The same for who goes through many files, of which this is the `n`-th. */
export function turnAfter(n: number): Promise<void> | undefined {
  return n % filesInTurn === filesInTurn - 1 ? nextTurn() : undefined
}

/** Lets others go first, and the process end. */
export function idleTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1).unref())
}

/** Somebody waits for what is done in the background: the process does not end before, unless it takes too long. */
export async function awaited(work: Promise<void> | undefined, limitMs = 2 ** 31 - 1): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
