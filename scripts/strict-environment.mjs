// The environment that tests run in: a test fails if a process warning came while it ran, as jest itself sees to it that
// one fails for a rejection that nobody handled and for an exception that nobody caught.
import { TestEnvironment } from 'jest-environment-node'

const turn = () => new Promise((resolve) => setImmediate(resolve))

export default class StrictEnvironment extends TestEnvironment {
  #warnings = []
  // That something in Node or undici is new is no news about us.
  #warned = (warning) => warning.name === 'ExperimentalWarning' || this.#warnings.push(warning)

  async setup() {
    await super.setup()
    process.on('warning', this.#warned)
  }

  async teardown() {
    process.off('warning', this.#warned)
    await super.teardown()
    if (this.#warnings.length > 0) throw this.#warnings[0]
  }

  async handleTestEvent(event) {
    if (event.name !== 'test_fn_success' && event.name !== 'test_fn_failure') return
    // Time for what nobody waits for to surface, while it still counts for this test.
    for (let i = 0; i < 4; i++) await turn()
    for (const warning of this.#warnings.splice(0)) event.test.errors.push(warning)
  }
}
