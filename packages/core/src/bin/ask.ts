import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { ExplainedResponse } from '../index.js'
import type { Asked } from './arguments.js'

/** How long a whole answer may take. */
const limitMs = 30_000

/**
 * Asks once, over HTTP/1.1 and without a cache, and reads the answer to its end.
 *
 * @throws what kept the answer from coming, or from coming whole
 */
export function ask({ url, headers }: Asked): Promise<ExplainedResponse> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const requestTime = Date.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false, signal: AbortSignal.timeout(limitMs) }, (answer) => {
      const responseTime = Date.now()
      const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = answer
      let bodyBytes = 0
      answer.on('data', (piece: Buffer) => {
        bodyBytes += piece.byteLength
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status, statusText, headers: rawHeaders, requestTime, responseTime, bodyBytes }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
