/** What stands in place of a value that is not told. */
const hidden = '***'

/**
 * Parameters that carry a secret by custom: tokens, passwords and keys, and the signatures of links that whoever has them
 * may use. In lower case.
 */
export const secretParameters: readonly string[] = [
  'access_token',
  'api_key',
  'api-key',
  'apikey',
  'auth',
  'awsaccesskeyid',
  'client_secret',
  'id_token',
  'key',
  'passwd',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
  'x-goog-credential',
  'x-goog-signature'
]

/**
 * A path with query as it may be told: the values of the parameters `names` become `***` (SEC-03). Names are compared
 * without case and percent-encoding. All else stays as it is.
 */
export function redactedPath(path: string, names: ReadonlySet<string>): string {
  const mark = path.indexOf('?')
  if (mark === -1 || names.size === 0) return path
  const parts = path.slice(mark + 1).split('&')
  return `${path.slice(0, mark)}?${parts.map((part) => redactedPart(part, names)).join('&')}`
}

/** Some servers take `;` for `&`, and to others it is part of a value: from a secret on, nothing is shown of either. */
function redactedPart(part: string, names: ReadonlySet<string>): string {
  let start = 0
  while (start <= part.length) {
    const semicolon = part.indexOf(';', start)
    const end = semicolon === -1 ? part.length : semicolon
    const equals = part.indexOf('=', start)
    if (equals !== -1 && equals < end && names.has(nameIn(part.slice(start, equals)))) {
      return `${part.slice(0, equals)}=${hidden}`
    }
    start = end + 1
  }
  return part
}

function nameIn(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim().toLowerCase()
  } catch {
    return text.toLowerCase()
  }
}
