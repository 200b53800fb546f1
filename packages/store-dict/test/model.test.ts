import { describe, it } from '@jest/globals'
import fc from 'fast-check'
import { NOW } from './sample.js'
import { type Given, type Meanwhile, SideBySide } from './side-by-side.js'

const keys = ['a', 'b', '__proto__', 'kéy '.repeat(100)]
const key = fc.constantFrom(...keys)
const slot = fc.constantFrom('0', '1')
const value = fc.string({ maxLength: 40, unit: 'binary' })
const given: fc.Arbitrary<Given> = fc.record({
  key,
  slot,
  value,
  lengths: fc.array(fc.constantFrom(0, 1, 100, 3_000, 40_000, 50_000), { maxLength: 5 }),
  slab: fc.constantFrom(0, 1, 1.5, 4),
  requestTime: fc.integer({ min: NOW, max: NOW + 9 })
})

/** A call that is done at once, alone or in the middle of a `set`. */
interface Call {
  readonly name: string
  readonly call: Meanwhile
}

function called<T>(name: string, args: fc.Arbitrary<T>, call: (both: SideBySide, args: T) => void): fc.Arbitrary<Call> {
  return args.map((args) => ({ name: `${name} ${JSON.stringify(args)}`, call: (both) => call(both, args) }))
}

const range = fc.record({ first: fc.nat(60_000), last: fc.nat(120_000) })
const gentleCall: fc.Arbitrary<Call> = fc.oneof(
  called('get', key, (both, key) => both.get(key)),
  called('open', fc.tuple(key, slot), (both, [key, slot]) => both.open(key, slot)),
  called('open a range', fc.tuple(key, slot, range), (both, [key, slot, range]) => both.open(key, slot, range)),
  called('update', fc.tuple(key, slot, value, fc.boolean()), (both, args) => both.update(...args)),
  called('mark', fc.tuple(key, fc.nat(9), fc.nat(5_000)), (both, args) => both.mark(...args)),
  called('delete', fc.tuple(key, fc.option(slot)), (both, [key, slot]) => both.delete(key, slot ?? undefined)),
  called('set', given, (both, given) => both.set(given, nothing, nothing))
)
const clear = called('clear', fc.constant(''), (both) => both.clear())
const simpleCall = fc.oneof({ weight: 20, arbitrary: gentleCall }, { weight: 1, arbitrary: clear })

function nothing(): void {}

function all(calls: readonly Call[]): Meanwhile {
  return (both) => {
    for (const { call } of calls) call(both)
  }
}

class Step implements fc.AsyncCommand<SideBySide, SideBySide> {
  constructor(
    readonly name: string,
    readonly act: (both: SideBySide) => void | Promise<void>
  ) {}

  check(): boolean {
    return true
  }

  async run(both: SideBySide): Promise<void> {
    await this.act(both)
    await both.compare()
  }

  toString(): string {
    return this.name
  }
}

const meanwhile = fc.array(simpleCall, { maxLength: 3 })
const reentrantSet = fc.tuple(given, meanwhile, meanwhile).map(([given, inBody, inComplete]) => {
  const names = [inBody, inComplete].map((calls) => calls.map(({ name }) => name).join(', '))
  const name = `set ${JSON.stringify(given)}, in its body: ${names[0]}; in complete: ${names[1]}`
  return new Step(name, (both) => both.set(given, all(inBody), all(inComplete)))
})
const begin = given.map((given) => new Step(`begin ${JSON.stringify(given)}`, (both) => both.begin(given)))
const next = fc.nat(3).map((n) => new Step(`a piece for ${n}`, async (both) => both.coming[n]?.next()))
const end = fc
  .tuple(fc.nat(3), fc.constantFrom('well', 'well', 'unwanted', 'cut'))
  .map(([n, how]) => new Step(`${n} ends ${how}`, async (both) => both.coming.splice(n, 1)[0]?.end(how)))
const later = fc.nat(3_000).map(
  (ms) =>
    new Step(`${ms} ms later`, (both) => {
      both.model.now += ms
    })
)
const simpleStep = simpleCall.map(({ name, call }) => new Step(name, call))

const limits = fc.record({
  maxBytes: fc.constantFrom(700, 4_000, 60_000, 300_000, 400_000, 500_000),
  maxEntryBytes: fc.constantFrom(150, 60_000, 1_000_000, 1_000_000),
  maxEntries: fc.constantFrom(1, 3, 5, Number.POSITIVE_INFINITY)
})

describe('DictStore beside a model of it', () => {
  it('keeps, evicts and counts what the model does, and leaves every reader his bytes (rows M1, M4)', async () => {
    const steps = fc.commands([simpleStep, simpleStep, reentrantSet, begin, next, next, end, later], {
      maxCommands: 60,
      size: 'max'
    })
    const property = fc.asyncProperty(limits, steps, async (limits, steps) => {
      const both = new SideBySide(limits)
      await fc.asyncModelRun(() => ({ model: both, real: both }), steps)
      await both.finish()
    })
    await fc.assert(property, { numRuns: 300 })
  }, 30_000)
})
