// npm test [-- jest arguments]: everything that a change must pass, in a few minutes.
import { build, install, jest, run, Tally, turbo } from './steps.mjs'

const tally = new Tally()
const script = (name) => () => run(process.execPath, [`scripts/${name}.mjs`])

if (await tally.step('install', install)) {
  await tally.step('build', build)
  await tally.step('lint', () => run('node_modules/.bin/biome', ['check', '--error-on-warnings', '.']))
  await tally.step('types', () => run(...turbo('typecheck')))
  await tally.step('packages load', script('check-packages'))
  await tally.step('dependency rule', script('check-dependencies'))
  await tally.step('requirements', script('check-requirements'))
  await tally.step('fault matrix', script('check-reliability'))
  await tally.step('docs', script('check-docs'))
  await tally.step('options', script('check-options'))
  await tally.step('tests', () => jest(process.argv.slice(2)))
}
tally.finish()
