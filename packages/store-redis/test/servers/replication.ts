import { askUntil, type Command, type Reply } from './ask.js'

interface Server {
  ask(...command: Command): Promise<Reply>
}

/** Resolves when a replica has all that its primary had written when this was called. */
export async function inStep(primary: Server, replica: Server): Promise<void> {
  // What has written is another connection than the one that would send WAIT, which waits for its own writes only.
  const [, wanted] = (await primary.ask('ROLE')) as [string, number]
  await askUntil(
    () => replica.ask('ROLE') as Promise<readonly unknown[]>,
    ([role, , , state, offset]) => role === 'slave' && state === 'connected' && Number(offset) >= wanted
  )
}
