import { Script } from './script.js'

/** Characters of the token by which the holder of a lock is known. */
const TOKEN = 32

/**
 * Takes a lock that is free, for so many milliseconds. Otherwise says who has it and for how much longer, and leaves a
 * note behind the token that somebody waits: where nobody does, nothing needs to be told.
 */
export const TAKE = new Script(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {} end
local value = redis.call('GET', KEYS[1])
if #value == ${TOKEN} then redis.call('APPEND', KEYS[1], '+') end
return {string.sub(value, 1, ${TOKEN}), redis.call('PTTL', KEYS[1])}`)

/** Ends the lock of this holder, not of another one who has it by now, and tells those who wait. */
export const GIVE = new Script(`
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, ${TOKEN}) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
if #value > ${TOKEN} then redis.call('PUBLISH', KEYS[1], ARGV[1]) end
return 1`)

/** Who has a lock; nothing if nobody has. */
export const HOLDER = new Script(`
local value = redis.call('GET', KEYS[1])
return value and string.sub(value, 1, ${TOKEN})`)
