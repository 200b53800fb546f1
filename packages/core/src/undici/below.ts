import type { Dispatcher } from 'undici'

/** What a cache is composed on: where its requests go. */
export class Below {
  /** Whether old handlers get the raw fields as the network brought them; until the opposite is seen. */
  passesRaw = true

  constructor(readonly dispatch: Dispatcher.Dispatch) {}
}
