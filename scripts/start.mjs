// Installs, builds and runs the demonstration. Quiet about the first two unless they fail.
import { spawn } from 'node:child_process'
import { answerAtOnce, readArguments } from '../examples/demo/arguments.mjs'
import { build, install, root } from './steps.mjs'

// A mistake is told before the build, which takes its time.
if (answerAtOnce(readArguments(process.argv.slice(2)))) process.exit()

try {
  await install()
  await build()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}

const demo = spawn(process.execPath, ['examples/demo.mjs', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
// An interrupt from the terminal reaches the demonstration too; it decides when to end.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => demo.kill())
demo.on('exit', (code) => process.exit(code ?? 1))
