import { answerLies } from './answer-lies.js'
import { bodyLies } from './body-lies.js'
import { findLies } from './find-lies.js'
import type { StoreLie } from './lying-store.js'
import { setLies } from './set-lies.js'

/**
 * All of them. Three lies are left out because nothing tells them from the truth: a store that says it has marked what it
 * has not, one that hands out responses with the
 * mark they were stored under and not the one they were invalidated by, and one that keeps objects and
 * hands out others.
 */
export const storeLies: readonly StoreLie[] = [...answerLies, ...findLies, ...bodyLies, ...setLies]
