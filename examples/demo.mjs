// What the cache does, seen on a real local origin or on the URLs that are given: run it with `npm start`.
import { answerAtOnce, readArguments } from './demo/arguments.mjs'
import { showGivenUrls } from './demo/given-urls.mjs'
import { showTour } from './demo/tour.mjs'

const asked = readArguments(process.argv.slice(2))
if (!answerAtOnce(asked)) {
  if (asked.urls.length === 0) await showTour()
  else if (!(await showGivenUrls(asked))) process.exitCode = 1
}
