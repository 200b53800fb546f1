/** A failure that needs no translation. */
export class Failure extends Error {}

const certificate = /CERT|SIGNATURE|ISSUER/
const closed = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']
const late = ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']

/** Why a request for `url` failed, in words for whoever typed it. */
export function inWords(error, url, timeoutMs) {
  if (error instanceof Failure) return error.message
  const code = String(error.code)
  if (code === 'ENOTFOUND') return `there is no host ${url.hostname}`
  if (code === 'EAI_AGAIN') return `the name ${url.hostname} could not be looked up`
  if (code === 'ECONNREFUSED') return `nothing listens at ${url.host}`
  if (error.name === 'TimeoutError' || late.includes(code)) return `no complete answer within ${timeoutMs / 1000} s`
  if (closed.includes(code)) return 'the connection was closed before the answer was complete'
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return `no TLS with ${url.host}; is it an http:// URL?`
  if (certificate.test(code)) return `the certificate of ${url.host} is not trusted: ${error.message}`
  if (error.name === 'HTTPParserError') return `the answer is not HTTP: ${error.message}`
  return error.code === undefined ? String(error) : `${error.message} (${code})`
}
