import { randomInt } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

/** Fewer rounds for bodies of 100 MiB: each request is as long as a whole round of others, and there are 20 turns. */
export function roundsFor(size, { rounds, ...limits }) {
  return { ...limits, rounds: size === '100MiB' ? Math.max(1, Math.round(rounds / 20)) : rounds }
}

/**
 * Lets contenders take turns. In each round each does the same work in 20 turns of about 2 ms, or in `turns` of them where
 * one takes long, in an order drawn anew each time: with a regular one, collections fall on one contender more than on another.
 *
 * @param contenders `{ [name]: () => Promise<number | void> }`, one request each call; a number is the nanoseconds until
 *   the first byte. What such a function has as `before` and `after` is called around each turn, and not measured
 * @returns for each name its rounds, each a list of turns, in nanoseconds for one request: `taken` until the end,
 *   `firstByte` until the first byte; `work` is how many requests a turn had
 */
export async function takeTurns(contenders, { rounds, turnMs, warmUpMs, turns = 20 }) {
  const names = Object.keys(contenders)
  const work = await warmUp(Object.values(contenders), Math.min(10, turns), { turnMs, warmUpMs })
  const forEachName = () => Object.fromEntries(names.map((name) => [name, Array.from({ length: rounds }, () => [])]))
  const taken = forEachName()
  const firstByte = forEachName()
  for (let round = 0; round < rounds; round += 1) {
    for (let taking = 0; taking < turns; taking += 1) {
      for (const name of shuffled(names)) {
        const { total, first } = await turn(contenders[name], work)
        taken[name][round].push(total / work)
        firstByte[name][round].push(first / work)
      }
    }
  }
  return { taken, firstByte, work }
}

/** Ends with a turn of the event loop: with promises alone there would never be one, and freed memory would pile up. */
async function turn(once, requests) {
  let first = 0
  once.before?.()
  const start = process.hrtime.bigint()
  for (let done = 0; done < requests; done += 1) first += (await once()) ?? 0
  await setImmediate()
  const total = Number(process.hrtime.bigint() - start)
  once.after?.()
  return { total, first }
}

/** Runs all by turns of so many requests for `warmUpMs` each; returns how many requests take the middle one of them `turnMs`. */
async function warmUp(all, requests, { turnMs, warmUpMs }) {
  const best = all.map(() => Number.POSITIVE_INFINITY)
  const end = performance.now() + warmUpMs * all.length
  do {
    for (const [index, once] of all.entries()) best[index] = Math.min(best[index], (await turn(once, requests)).total)
  } while (performance.now() < end)
  return Math.max(1, Math.round((turnMs * 1e6 * requests) / quantile(best, 0.5)))
}

export function shuffled(names) {
  const order = [...names]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1)
    ;[order[last], order[other]] = [order[other], order[last]]
  }
  return order
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = Math.floor(at)
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below)
}

/** What a round says: the lower quartile of its turns, because what else the machine does only ever adds time. */
const timeOfRound = (turns) => quantile(turns, 0.25)

/** Median over the rounds. */
export const timeOf = (rounds) => quantile(rounds.map(timeOfRound), 0.5)

/** Nanoseconds of each contender. */
export const timesOf = (taken) =>
  Object.fromEntries(Object.entries(taken).map(([name, rounds]) => [name, timeOf(rounds)]))

/** Mean of all turns but the slowest in twenty, which the machine spent elsewhere; unlike a quartile it sees collections. */
function meanOf(rounds) {
  const sorted = rounds.flat().sort((a, b) => a - b)
  const kept = sorted.slice(0, Math.ceil(sorted.length * 0.95))
  return kept.reduce((sum, value) => sum + value, 0) / kept.length
}

/** `of` divided by `to`: quartiles of the rounds' ratios, and the ratio of the means. */
export function ratio(of, to) {
  const perRound = of.map((turns, round) => timeOfRound(turns) / timeOfRound(to[round]))
  return {
    q1: quantile(perRound, 0.25),
    median: quantile(perRound, 0.5),
    q3: quantile(perRound, 0.75),
    mean: meanOf(of) / meanOf(to)
  }
}
