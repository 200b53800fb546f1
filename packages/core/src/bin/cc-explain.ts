#!/usr/bin/env node
import { explain } from '../index.js'
import { type Asked, help, readArguments, UsageError } from './arguments.js'
import { ask } from './ask.js'
import { report } from './report.js'

run(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})

async function run(args: readonly string[]): Promise<number> {
  let asked: Asked | undefined
  try {
    asked = readArguments(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${help}`)
    return 2
  }
  if (asked === undefined) {
    console.log(help)
    return 0
  }
  return await explainAnswer(asked)
}

async function explainAnswer(asked: Asked): Promise<number> {
  const { url, headers, type, asJson } = asked
  try {
    const response = await ask(asked)
    const explanation = explain({ url, headers }, response, { type })
    console.log(asJson ? JSON.stringify(explanation, undefined, 2) : report(explanation, response))
    return 0
  } catch (error) {
    // Some of these messages have the URL in them, or a field: the code is enough.
    const { code, name } = error as NodeJS.ErrnoException
    console.error(`cc-explain: no complete answer from ${url.host} (${code ?? name})`)
    return 1
  }
}
