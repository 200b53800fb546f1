// npm run test:long [-- jest arguments]: the tests in *.long.test.ts, which take minutes to hours.
import { build, install, jest, Tally } from './steps.mjs'

const tally = new Tally()
if ((await tally.step('install', install)) && (await tally.step('build', build))) {
  const args = ['--config', 'jest.long.config.mjs', '--runInBand', ...process.argv.slice(2)]
  await tally.step('long tests', () => jest(args, { timeoutMs: 12 * 60 * 60_000 }))
}
tally.finish()
