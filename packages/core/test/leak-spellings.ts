/** Names that keep a response from others, and what stands in for them in the spellings. */
export const restrictions = ['private', 'no-store', 'no-cache'] as const
export type Restriction = (typeof restrictions)[number]

/** Lines of `Cache-Control`, well-formed or not, that all restrict without exception; `%` is the directive. */
const strict: readonly (readonly string[])[] = [
  ...[
    '%, max-age=60',
    'max-age=60, %',
    'max-age=60,%',
    '  %  ,max-age=60',
    '\t%\t, max-age=60',
    '%,%, max-age=60, %',
    ',, ,%,, ,max-age=60,',
    ', %',
    // An argument where none belongs, or one that cannot be read.
    '%=, max-age=60',
    '%="", max-age=60',
    '%=" ", max-age=60',
    '%=",", max-age=60',
    '%=", max-age=60',
    '%="x-a, max-age=60',
    '%=x-a", max-age=60',
    '%="x-a"b, max-age=60',
    '%=""x-a"", max-age=60',
    '%="x a", max-age=60',
    '%="x-a"; max-age=60',
    '%="x-a\\", max-age=60',
    '%=(x-a), max-age=60',
    '%=x-a y-b, max-age=60',
    '%=x=y="z", max-age=60',
    '%="\u00ff", max-age=60',
    '%=\u00ff, max-age=60',
    '%=@, max-age=60',
    // Blanks around the equals sign.
    '% ="x-a", max-age=60',
    '%= "x-a", max-age=60',
    '% = "x-a", max-age=60',
    '%\t=\t"x-a", max-age=60',
    '% =, max-age=60',
    '% = , max-age=60',
    // A list that names what a response cannot do without.
    '%="cache-control", max-age=60',
    '%="x-a, Vary", max-age=60',
    // Both forms at once.
    '%, %="x-a", max-age=60',
    '%="x-a", %, max-age=60',
    '%="x-a", %="", max-age=60',
    // Quotes.
    '"%", max-age=60',
    '"%, max-age=60',
    '%", max-age=60',
    'max-age=60, x="a, %',
    'max-age=60, x="a\\", %',
    'x="\\\\", %, max-age=60',
    'x="\\"", %, max-age=60',
    'x="a, b", %, max-age=60',
    'x=", max-age=9, y=", %, max-age=60',
    // Other separators.
    '%; max-age=60',
    'max-age=60; %',
    'max-age=60;%',
    'max-age=60 %',
    '% max-age=60',
    'max-age=60\t%',
    '%;, max-age=60',
    '%:, max-age=60',
    '%: true, max-age=60',
    'max-age=60, %/',
    'max-age=60, %\\',
    'max-age=60, (%)',
    'max-age=60, [%]',
    'max-age=60, {%}',
    'max-age=60, <%>',
    'max-age=60, @%',
    'max-age=60, ?%',
    '%\u00a0, max-age=60',
    '\u00e9%, max-age=60',
    '\u00e9 % \u00e9, max-age=60',
    // Beside lifetimes that cannot be read.
    'max-age=abc, %',
    'max-age=, %',
    'max-age="60, %',
    'max-age=60", %',
    "max-age='60', %",
    'max-age=60 60, %',
    'max-age=60, max-age=x, %',
    'max-age=99999999999999999999999, %'
  ].map((line) => [line]),
  // Several lines.
  ['%', 'max-age=60'],
  ['max-age=60', '%'],
  ['max-age=60,', ',%'],
  ['', '%', '', 'max-age=60'],
  ['max-age=60, x="a', '%'],
  ['%="x-a', 'max-age=60'],
  ['%=', '"x-a", max-age=60'],
  ['max-age=60', 'x="a, y="%']
]

/** For `no-store`, which has no argument at all. */
const withArgument = [
  '%=1, max-age=60',
  '%=true, max-age=60',
  '%="x-a", max-age=60',
  '%=0, max-age=60',
  '%=x-a, max-age=60'
]

/** Forms that name fields: these may not reach others, all else may. */
const qualified = [
  '%="x-secret, set-cookie", max-age=60',
  '%="X-SECRET,SET-COOKIE", max-age=60',
  '%="x-secret", %="set-cookie", max-age=60',
  '%=x-secret, %=set-cookie, max-age=60',
  '%=" ,\tx-secret ,, set-cookie\t", max-age=60',
  '%="x\\-secret, set-\\cookie", max-age=60',
  'x="%", %="set-cookie,x-secret",max-age=60'
]

export interface Spelling {
  readonly restriction: Restriction
  readonly lines: readonly string[]
  /** Whether the response as a whole is restricted, not some of its fields. */
  readonly isWhole: boolean
}

function mixedCase(text: string): string {
  return text.replace(/[a-z]/g, (letter, at: number) => (at % 2 === 0 ? letter.toUpperCase() : letter))
}

function* spellingsOf(restriction: Restriction): Generator<Spelling> {
  for (const name of [restriction, restriction.toUpperCase(), mixedCase(restriction)]) {
    const of = (lines: readonly string[], isWhole: boolean): Spelling => {
      return { restriction, lines: lines.map((line) => line.replaceAll('%', name)), isWhole }
    }
    // Case is told apart by the same code everywhere: a few of the others are enough.
    const chosen = name === restriction ? strict : strict.slice(0, 12)
    for (const lines of chosen) yield of(lines, true)
    if (restriction === 'no-store') for (const line of withArgument) yield of([line], true)
    else for (const line of qualified) yield of([line], false)
  }
}

export const spellings: readonly Spelling[] = restrictions.flatMap((restriction) => [...spellingsOf(restriction)])
