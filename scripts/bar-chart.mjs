const width = 720
const barHeight = 22
const step = 30
const labelWidth = 210
const valueWidth = 90
const top = 34

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** An SVG of horizontal bars, `{ label, value }` each, the longest as wide as there is room. It fits light and dark pages. */
export function barChart(title, bars) {
  const most = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ label, value }, index) => {
    const y = top + index * step
    const length = Math.max(1, Math.round((value / most) * (width - labelWidth - valueWidth)))
    const kind = label.startsWith('ours') ? 'ours' : 'other'
    const number = Number(value.toPrecision(3)).toLocaleString('en')
    return `  <text x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>
  <rect class="${kind}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="2"/>
  <text x="${labelWidth + length + 6}" y="${y + 15}">${number}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + bars.length * step}" role="img" aria-label="${escaped(title)}">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #333 }
    .title { font-weight: 600 }
    .ours { fill: #2f6fb2 }
    .other { fill: #a9b4c0 }
    @media (prefers-color-scheme: dark) { text { fill: #ddd } .other { fill: #6b7682 } }
  </style>
  <text class="title" x="0" y="18">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`
}
