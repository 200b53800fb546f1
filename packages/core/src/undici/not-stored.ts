import type { NotStored } from '../rules/storing.js'

export const storeUnreadable = refused('ROB-02', 'the store could not be read')
export const refusedByStore = refused('ROB-02', 'the store did not keep it')
export const broken = refused('MSG-02', 'it did not end well')
export const otherLength = refused('MSG-02', 'it has another length than announced')
export const tooSlow = refused('MSG-03', 'the store was too slow')

/** Why an answer is not stored, where the rules alone cannot tell. */
export function refused(requirement: string, reason: string): NotStored {
  return { store: false, requirement, reason }
}
