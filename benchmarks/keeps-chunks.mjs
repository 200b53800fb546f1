/**
 * An interceptor that forwards everything and holds on to the chunks of what came, up to `maxBytes`, doing nothing else
 * with them: what it costs any cache to keep a body instead of letting its memory go.
 */
export function keepsChunks(maxBytes) {
  const kept = []
  let bytes = 0

  const keep = (body) => {
    kept.push(body)
    bytes += body.bytes
    while (bytes > maxBytes) bytes -= kept.shift().bytes
  }
  return (dispatch) => (options, handler) => dispatch(options, new Pass(handler, keep))
}

/** One of undici 7's old handlers, in front of its wrapper of another. */
class Pass {
  #handler
  #keep
  #chunks = []
  #bytes = 0

  constructor(handler, keep) {
    this.#handler = handler
    this.#keep = keep
  }

  onConnect(abort, context) {
    this.#handler.onConnect(abort, context)
  }

  onHeaders(status, rawHeaders, resume, statusText) {
    return this.#handler.onHeaders(status, rawHeaders, resume, statusText)
  }

  onData(chunk) {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    return this.#handler.onData(chunk)
  }

  onComplete(trailers) {
    this.#keep({ chunks: this.#chunks, bytes: this.#bytes })
    this.#handler.onComplete(trailers)
  }

  onError(error) {
    this.#handler.onError(error)
  }
}
