import { Budget } from '../budget.js'
import { StoreOperationError } from '../errors.js'
import type { Cache } from './exchange.js'
import { Explaining } from './explaining.js'
import { explainReplay, explainTaped } from './explaining-tape.js'
import type { ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'

/**
 * Tells why a request is answered as it is by what is stored, or would be were this response stored beside it.
 *
 * @throws TypeError for what is no request, StoreOperationError if the store cannot tell within `limitMs`
 */
export async function explainByStore(
  { settings, responses, tape }: Cache,
  request: ExplainedRequest,
  response: ExplainedResponse | undefined,
  limitMs: number
): Promise<Explanation> {
  if (tape !== undefined) {
    const replays = tape.mode === 'replay' && response === undefined
    return replays ? explainReplay(settings, tape, request) : explainTaped(settings, tape.mode, request, response)
  }
  const explaining = new Explaining(settings, request)
  const { key } = explaining
  if (key === undefined) return explaining.explain(response)
  const budget = new Budget(limitMs)
  const found = await responses.lookUp(key, budget)
  if (found === undefined) throw new StoreOperationError('explain', 'the store failed')
  return response === undefined
    ? explaining.explainStored(found, responses, budget)
    : explaining.explain(response, found)
}
