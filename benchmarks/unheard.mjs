import { register } from 'node:module'

/**
 * Core once more, as if it told nothing: its channels are constants that nobody can subscribe to, so that the compiler
 * drops whatever asks for subscribers.
 */
export function importUnheard() {
  register(`data:text/javascript,${encodeURIComponent(hooks)}`)
  return import(`${import.meta.resolve('@cc/core')}?unheard`)
}

const channels = `
export { subscribe, unsubscribe } from 'node:diagnostics_channel'
const silent = Object.freeze({ hasSubscribers: false, publish() {} })
export const channel = () => silent
`

const hooks = `
const channels = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(channels)}`)}
export async function resolve(specifier, context, next) {
  if (!context.parentURL?.endsWith('?unheard')) return next(specifier, context)
  if (specifier === 'node:diagnostics_channel') return { url: channels, shortCircuit: true }
  const resolved = await next(specifier, context)
  return specifier.startsWith('.') ? { ...resolved, url: resolved.url + '?unheard' } : resolved
}
`
