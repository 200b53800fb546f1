// What the command line asks for. Needs nothing but node, so that a mistake is told before anything is built.
import { parseArgs } from 'node:util'

export const usage = `Usage: npm start -- [options] [URL...]

Without URLs: shows the cache at work on an origin on this machine.
With URLs: asks for each of them without a cache and with one that is empty, then again, then so that the cache has
to validate what it stored. Redirects are shown and followed.

  --timeout=SECONDS  how long one request may take (30)
  --help             shows this

Ends with 1 if a request failed, and with 2 if the command line is wrong.`

/** What `args` ask for, `{ help, urls, timeoutMs }`, or what is wrong with them, `{ mistake }`. */
export function readArguments(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, timeout: { type: 'string', default: '30' } }
    })
    const seconds = Number(values.timeout)
    if (!(seconds > 0 && seconds <= 86_400)) return { mistake: `--timeout takes seconds, not '${values.timeout}'` }
    return { help: values.help === true, urls: positionals, timeoutMs: seconds * 1000 }
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
    return { mistake: error.message.split('. ')[0] }
  }
}

/** Answers what needs no request; true if nothing is left to do. */
export function answerAtOnce({ mistake, help }) {
  if (mistake !== undefined) {
    console.error(`${mistake}\n\n${usage}`)
    process.exitCode = 2
  } else if (help) console.log(usage)
  return mistake !== undefined || help
}
