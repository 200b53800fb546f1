import { Script } from './script.js'

/*
 * What changes a body that lies apart: a hash of chunks by number, with `g`, the generation it was begun in, and `s`, its
 * length, from when it is complete until it loses its place. Readers look for `s` only when they begin.
 */

/** KEYS: upload. ARGV: generation, how long the next chunk may take, number, chunk. */
export const ADD_CHUNK = new Script(`
redis.call('HSET', KEYS[1], 'g', ARGV[1], ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`)

/** KEYS: upload, body. ARGV: number of chunks, bytes, how long it is kept. Answers with 0 if any of it is gone. */
export const COMPLETE = new Script(`
if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[1]) + 1 then return 0 end
redis.call('HSET', KEYS[1], 's', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('RENAME', KEYS[1], KEYS[2])
return 1
`)

/** KEYS: body. ARGV: generation, how long it is kept, bytes, content. A small body in one piece. */
export const WRITE_BODY = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('UNLINK', KEYS[1]) end
redis.call('HSET', KEYS[1], 'g', ARGV[1], 's', ARGV[3], '0', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`)

/** KEYS: body. ARGV: how long it is kept at least. Answers with 0 if it is gone. */
export const KEEP = new Script(`
if redis.pcall('HEXISTS', KEYS[1], 's') ~= 1 then return 0 end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
`)

/** KEYS: body. ARGV: how long those who read it have to finish. Nobody begins to read it any more. */
export const RETIRE = new Script(`
if redis.pcall('HDEL', KEYS[1], 's') == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
`)

/** KEYS: body or upload. ARGV: generation. Removes what was begun in another one; answers with how many that were. */
export const CLEAR_BODY = new Script(`
if redis.pcall('HGET', KEYS[1], 'g') == ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`)
