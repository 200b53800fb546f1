// Reads the options of an interface from its doc comments. Besides the tags of TSDoc there is `@unit`: the unit of a number, and
// how small or large it may be.
import ts from 'typescript'

const idPattern = /(?<![\w-])[A-Z]{2,5}-\d{2}(?![\w-])/g
export const idsIn = (text) => [...new Set(text.match(idPattern))].sort()

/** The text of a doc comment without its frame. */
function textOf(comment) {
  return comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

/** The parts of a doc comment: `{ description, tags: [{ tag, text }] }`. Code is no place for tags. */
export function commentParts(comment) {
  const description = []
  const tags = []
  let isCode = false
  for (const line of textOf(comment)
    .replace(/(?<=\S )(?=@defaultValue)/, '\n')
    .split('\n')) {
    const tag = isCode ? null : /^@(\w+)\s*(.*)$/.exec(line)
    if (/^(?:```|~~~)/.test(line)) isCode = !isCode
    if (tag !== null) tags.push({ tag: tag[1], lines: [tag[2]] })
    else (tags.at(-1)?.lines ?? description).push(line)
  }
  const joined = (lines) => lines.join('\n').trim()
  return { description: joined(description), tags: tags.map(({ tag, lines }) => ({ tag, text: joined(lines) })) }
}

function commentOf(node) {
  const ranges = ts.getLeadingCommentRanges(node.getSourceFile().text, node.getFullStart()) ?? []
  const last = ranges.at(-1)
  const text = last === undefined ? '' : node.getSourceFile().text.slice(last.pos, last.end)
  return commentParts(text.startsWith('/**') ? text : '')
}

/**
 * An interface and its members as their doc comments have them: `{ description, options }`, each option being
 * `{ name, type, description, unit, defaultValue, throws, examples, ids }`.
 */
export function interfaceOf(source, interfaceName) {
  const file = ts.createSourceFile('options.ts', source, ts.ScriptTarget.Latest, true)
  const declared = file.statements.find((s) => ts.isInterfaceDeclaration(s) && s.name.text === interfaceName)
  if (declared === undefined) throw new Error(`there is no interface ${interfaceName}`)
  const options = declared.members.map((member) => {
    const { description, tags } = commentOf(member)
    const all = (name) => tags.filter(({ tag }) => tag === name).map(({ text }) => text)
    return {
      name: member.name.getText(),
      type: member.type
        .getText()
        .replace(/\s+/g, ' ')
        .replace(/ \| undefined$/, '')
        .replace(/^\((.*)\)$/, (whole, inner) => (/^\(.*\) =>/.test(inner) ? inner : whole)),
      description,
      unit: all('unit')[0],
      defaultValue: all('defaultValue')[0],
      throws: all('throws'),
      examples: all('example'),
      ids: idsIn([description, ...tags.filter(({ tag }) => tag !== 'example').map(({ text }) => text)].join('\n'))
    }
  })
  return { description: commentOf(declared).description, options }
}

/** The value of a default without what is said of it: `86_400 (a day)` and `` `86400` `` are the same. */
export function shortDefault(text = 'unset') {
  const value = text.split('\n')[0].split(' (')[0].replaceAll('`', '').trim()
  return /^(?:unset|none)\b/.exec(value)?.[0] ?? value.replace(/(?<=\d)_(?=\d)/g, '')
}
