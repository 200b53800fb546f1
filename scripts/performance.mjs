// npm run performance: writes docs/performance.md, and the charts in it, from what the benchmarks have measured and written
// to benchmarks/results/.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { barChart } from './bar-chart.mjs'
import { root } from './steps.mjs'

const page = 'docs/performance.md'
const charts = 'docs/charts'
const parts = [
  { name: 'memory', store: '`DictStore`', command: 'npm run bench -- --json benchmarks/results/memory.json' },
  {
    name: 'file',
    store: '`FileStore`',
    command: 'npm --prefix benchmarks run bench:file -- --json benchmarks/results/file.json'
  },
  {
    name: 'file-node24',
    store: '`FileStore` on Node 24',
    about: 'The same with Node 24, which has SQLite, and so undici’s store on disk too.',
    command: 'npx -y -p node@24 node benchmarks/file.mjs --json benchmarks/results/file-node24.json'
  },
  { name: 'redis', store: '`RedisStore`', command: 'npm run bench:redis -- --json benchmarks/results/redis.json' }
]
/** What was measured, where its name in the results does not say it. */
const titles = {
  storing: 'Storing',
  responses: 'Look-ups among 100, and among many responses'
}
const titleOf = (path, { size, api }) =>
  [titles[path] ?? `${path[0].toUpperCase()}${path.slice(1)}`, size, api].join(', ')

/** Rows that are there to judge the others by, and not to be compared with. */
const isControl = (name) => / again$/.test(name)

/** `{ [path]: text }` of the page and its charts. `results` are those of the benchmarks by name; what was not measured is left out. */
export function performancePage(results) {
  const files = {}
  const sections = parts
    .filter(({ name }) => results[name] !== undefined)
    .map(({ name, store, about, command }) => {
      const { machine, measured, judged } = results[name]
      const tables = Object.entries(measured).flatMap(([path, rows]) =>
        rows.map((row) => {
          const file = `${name}-${path}-${row.size}-${row.api}`.replaceAll(/[^\w-]+/g, '-')
          const title = titleOf(path, row)
          files[`${charts}/${file}.svg`] = chartOf(title, row.times)
          return tableOf(title, row, `charts/${file}.svg`)
        })
      )
      return [
        `## ${store}`,
        ...(about === undefined ? [] : [about]),
        ...(machine.load > machine.cores + 1 ? [busy(machine)] : []),
        `Measured on ${machine.date} with Node ${machine.node} on ${machine.cores} cores of ${machine.processor}, by\n\`${command}\`.`,
        ...tables,
        `### Targets of ${store}`,
        targetsOf(judged)
      ].join('\n\n')
    })
  files[page] = `${[introduction, ...sections].join('\n\n')}\n`
  return files
}

const introduction = `<!-- Made by npm run performance, from benchmarks/results/. -->

# Performance

What a hit takes, what a miss takes longer than without a cache, and what others take for the same, side by side in one
process. What each row is, and how it is measured, is in the [README of the benchmarks](../benchmarks/README.md).

Bars are answers per second: longer is better. The **yardstick** is the least that has to be done, without any rule of HTTP.
Compare rows of one table with each other, and nothing with other machines: what counts are the ratios. Where a row such as
\`yardstick again\` is off from what it repeats by more than 2 %, the machine was busy, and the other ratios of that table are
no better than that. For hits and for storing a ratio is speed: above 1, the first is faster. For misses and look-ups it is
time: above 1, the first is slower. A row for 1 GiB says how much memory beyond that of bare undici a body of that length
takes, in units of 64 MiB, and how long it is until its first byte.

To refresh a section on a machine at rest, run the command below its heading, then \`npm run performance\`.`

const busy = ({ load, cores }) =>
  `> **Provisional.** The machine did other work at the same time: ${load} processes wanted its ${cores} cores. What is worked
> out beside the requests then takes its time from them, most of all with misses. Only large differences mean anything.`

function chartOf(title, times) {
  const bars = Object.entries(times)
    .filter(([name]) => !isControl(name))
    .map(([label, nanoseconds]) => ({ label, value: 1e9 / nanoseconds }))
  return barChart(`${title}: answers per second`, bars)
}

function tableOf(title, { times, ratios }, chart) {
  const rows = Object.entries(times).map(
    ([name, nanoseconds]) => `| ${name} | ${rounded(1e9 / nanoseconds)} | ${rounded(nanoseconds / 1000)} |`
  )
  const compared = ratios.map(
    ({ of, to, median, q1, q3 }) => `| ${of} / ${to} | ${median.toFixed(2)} | ${q1.toFixed(2)} to ${q3.toFixed(2)} |`
  )
  const control = ratios.find(({ of, to }) => of === `${to} again`)
  const isOff = control !== undefined && Math.abs(control.median - 1) > 0.02
  return [
    `### ${title}`,
    ...(isOff ? [`The machine was busy: \`${control.of}\` / \`${control.to}\` is ${control.median.toFixed(2)}.`] : []),
    `![${title}: answers per second](${chart})`,
    ['| | per second | µs each |', '| --- | ---: | ---: |', ...rows].join('\n'),
    ['| Ratio | median | quartiles |', '| --- | ---: | ---: |', ...compared].join('\n')
  ].join('\n\n')
}

function targetsOf(judged) {
  const rows = judged.map(
    ({ name, value, wording, target, met }) =>
      `| ${name} | ${value.toFixed(2)} | ${wording} ${target.toFixed(2)} | ${met ? 'met' : 'missed'} |`
  )
  return ['| Ratio | measured | target | |', '| --- | ---: | ---: | --- |', ...rows].join('\n')
}

/** Three digits that count. */
const rounded = (value) => Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 2 })

/** What was measured, by name. */
export function readResults() {
  const read = ({ name }) => {
    try {
      return [[name, JSON.parse(readFileSync(join(root, 'benchmarks/results', `${name}.json`), 'utf8'))]]
    } catch (error) {
      if (error.code === 'ENOENT') return []
      throw error
    }
  }
  return Object.fromEntries(parts.flatMap(read))
}

function main() {
  rmSync(join(root, charts), { recursive: true, force: true })
  for (const [path, text] of Object.entries(performancePage(readResults()))) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main()
