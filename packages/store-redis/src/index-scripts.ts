import { Script } from './script.js'

/*
 * What changes the index of a cache key. Each script changes one key, so that it works while the key moves from one node
 * of a cluster to another. Whatever else a change makes necessary is in its answer.
 */

/** Reads the records that `record.ts` describes, and sets the expiry of an index. */
const COMMON = `
local FIELD_OF_MARK = '!'
local INLINE, APART, MARK = 1, 2, 3
local HEAD, MAX_TIME, MIN_TTL = 69, 8.64e15, 1000

local function isTime(time)
  return time >= 0 and time <= MAX_TIME
end

local function head(record)
  if type(record) ~= 'string' or #record < HEAD then return nil end
  local kind, requestTime, responseTime, dropAt, id, generation, metadata = struct.unpack('>Bdddc32c8I4', record)
  if kind ~= INLINE and kind ~= APART then return nil end
  if not (isTime(requestTime) and isTime(responseTime) and isTime(dropAt)) then return nil end
  local body = #record - HEAD - metadata
  if body < 0 then return nil end
  return { kind = kind, requestTime = requestTime, responseTime = responseTime, dropAt = dropAt, id = id,
    generation = generation, body = body }
end

local function isMark(field, record)
  return field == FIELD_OF_MARK and #record >= 17 and string.byte(record) == MARK
end

-- Nobody knows what was invalid by it.
local function isDamagedMark(field, record)
  return field == FIELD_OF_MARK and not isMark(field, record)
end

-- All fields and values. What somebody else put here is in the way and goes.
local function fieldsOf(key)
  local fields = redis.pcall('HGETALL', key)
  if not fields.err then return fields end
  redis.call('UNLINK', key)
  return {}
end

local function expire(key, ttl)
  redis.call('PEXPIRE', key, string.format('%.0f', math.max(MIN_TTL, ttl)))
end

-- At least so long, and not shorter than before.
local function expireLater(key, ttl)
  expire(key, math.max(ttl, redis.call('PTTL', key)))
end
`

/** Puts a response in its slot. Answers with what happened, the ids of bodies that lost their place, and the slots whose bodies are to go apart. */
const PLACE = `
local PENDING_LIMIT = 60000
local INLINE_LIMIT = 65536

local function tooMuch(riding)
  table.sort(riding, function(one, other) return one.responseTime > other.responseTime end)
  local slots, room = {}, INLINE_LIMIT
  for _, rider in ipairs(riding) do
    if rider.body > room then
      slots[#slots + 1] = rider.slot
    else
      room = room - rider.body
    end
  end
  return slots
end

local function place(key, slot, record, now)
  local new = head(record)
  local fields = fieldsOf(key)
  local ttl, isMarked, isMarkDamaged = new.dropAt - now, false, false
  local gone, useless, riding, apart = {}, {}, {}, {}
  if new.kind == INLINE then riding[1] = { slot = slot, responseTime = new.responseTime, body = new.body } end
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    local old = head(value)
    if field == slot then
      if old and old.requestTime > new.requestTime then return { 'later', {}, {} } end
      if old and old.kind == APART and old.id ~= new.id then gone[#gone + 1] = old.id end
    elseif isDamagedMark(field, value) then
      isMarkDamaged = true
    elseif old and old.dropAt > now then
      if old.kind == APART then apart[#apart + 1] = old.id end
      ttl = math.max(ttl, old.dropAt - now)
      if old.kind == INLINE then riding[#riding + 1] = { slot = field, responseTime = old.responseTime, body = old.body } end
    elseif isMark(field, value) then
      isMarked = true
    elseif string.byte(value) ~= 0 or #value < 9 or struct.unpack('>d', string.sub(value, 2)) < now - PENDING_LIMIT then
      useless[#useless + 1] = field
      if old and old.kind == APART then gone[#gone + 1] = old.id end
    end
  end
  if isMarkDamaged then
    redis.call('UNLINK', key)
    for _, id in ipairs(apart) do gone[#gone + 1] = id end
    ttl, riding = new.dropAt - now, {}
  end
  for _, field in ipairs(useless) do redis.call('HDEL', key, field) end
  redis.call('HSET', key, slot, record)
  if isMarked then expireLater(key, ttl) else expire(key, ttl) end
  return { 'stored', gone, tooMuch(riding) }
end
`

const GENERATION = `
local function isGeneration(key, generation)
  return (redis.call('GET', key) or string.rep('\\0', 8)) == generation
end
`

/** KEYS: generation. ARGV: generation. Answers with 1 if it is still this one. */
export const IS_GENERATION = new Script(GENERATION, 'return isGeneration(KEYS[1], ARGV[1]) and 1 or 0')

/** KEYS: index, generation. ARGV: generation at the beginning, now, slot, record. */
export const PUT = new Script(
  COMMON,
  PLACE,
  GENERATION,
  `
if not isGeneration(KEYS[2], ARGV[1]) then return { 'cleared', {}, {} } end
return place(KEYS[1], ARGV[3], ARGV[4], tonumber(ARGV[2]))
`
)

/** KEYS: index. ARGV: now, id, record. On a cluster a response is first put where no reader looks. */
export const PREPARE = new Script(
  COMMON,
  `
fieldsOf(KEYS[1])
redis.call('HSET', KEYS[1], '?' .. ARGV[2], string.char(0) .. struct.pack('>d', tonumber(ARGV[1])) .. ARGV[3])
expireLater(KEYS[1], 60000)
return 1
`
)

/** KEYS: index. ARGV: now, id, slot. Then, if nothing was cleared in between, in its place. */
export const SHOW = new Script(
  COMMON,
  PLACE,
  `
local pending = redis.call('HGET', KEYS[1], '?' .. ARGV[2])
if not pending then return { 'cleared', {}, {} } end
redis.call('HDEL', KEYS[1], '?' .. ARGV[2])
return place(KEYS[1], ARGV[3], string.sub(pending, 10), tonumber(ARGV[1]))
`
)

/** KEYS: index. ARGV: id. */
export const WITHDRAW = new Script(`return redis.call('HDEL', KEYS[1], '?' .. ARGV[1])`)

/** KEYS: index. ARGV: now, slot, id, head and metadata. Answers with the kind of the response; 0 if it is not there. */
export const UPDATE = new Script(
  COMMON,
  `
local record = redis.pcall('HGET', KEYS[1], ARGV[2])
local old, new = head(record), head(ARGV[4])
if not old or old.id ~= ARGV[3] then return 0 end
local body = string.sub(record, #record - old.body + 1)
local generation = string.sub(record, 58, 65)
local updated = string.char(old.kind) .. string.sub(ARGV[4], 2, 57) .. generation .. string.sub(ARGV[4], 66) .. body
redis.call('HSET', KEYS[1], ARGV[2], updated)
expireLater(KEYS[1], new.dropAt - tonumber(ARGV[1]))
return old.kind
`
)

/** KEYS: index. ARGV: slot, id. The body lies apart by now. Answers with 1 if the response is still there. */
export const OUTLINE = new Script(
  COMMON,
  `
local record = redis.pcall('HGET', KEYS[1], ARGV[1])
local old = head(record)
if not old or old.id ~= ARGV[2] then return 0 end
if old.kind == INLINE then
  redis.call('HSET', KEYS[1], ARGV[1], string.char(APART) .. string.sub(record, 2, #record - old.body))
end
return 1
`
)

/** KEYS: index. ARGV: record of the mark, how long it is kept. If Redis is full, or something else is there, that goes. */
export const WRITE_MARK = new Script(
  COMMON,
  `
local written = redis.pcall('HSET', KEYS[1], FIELD_OF_MARK, ARGV[1])
if type(written) == 'table' and written.err then
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], FIELD_OF_MARK, ARGV[1])
end
expireLater(KEYS[1], tonumber(ARGV[2]))
return 1
`
)

/** KEYS: index. ARGV: slot, or none for all. Answers with the ids of bodies that lost their place. */
export const REMOVE = new Script(
  COMMON,
  `
local fields = fieldsOf(KEYS[1])
local gone = {}
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  if not isMark(field, value) and (not ARGV[1] or field == ARGV[1]) then
    local old = head(value)
    if old and old.kind == APART then gone[#gone + 1] = old.id end
    redis.call('HDEL', KEYS[1], field)
  end
end
return gone
`
)

/** KEYS: index. ARGV: generation, now. Removes what was begun in another generation; answers with how many that were. */
export const CLEAR_INDEX = new Script(
  COMMON,
  `
local fields = fieldsOf(KEYS[1])
local now, removed, others, markTtl = tonumber(ARGV[2]), 0, 0, nil
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  local record = string.byte(value) == 0 and string.sub(value, 10) or value
  local old = head(record)
  if isMark(field, value) then
    local _, at, dropAt = struct.unpack('>Bdd', value)
    markTtl = dropAt > now and dropAt - at or 0
  elseif isDamagedMark(field, value) then
    others = others + 1
  elseif old and old.generation == ARGV[1] then
    others = others + 1
  else
    redis.call('HDEL', KEYS[1], field)
    removed = removed + 1
  end
end
if others == 0 and markTtl == 0 then redis.call('UNLINK', KEYS[1]) end
if others == 0 and markTtl and markTtl > 0 then expire(KEYS[1], math.min(markTtl, redis.call('PTTL', KEYS[1]))) end
return removed
`
)

/** KEYS: index. Answers with the metadata of one of the responses, or nothing. */
export const METADATA = new Script(
  COMMON,
  `
local fields = redis.pcall('HGETALL', KEYS[1])
if fields.err then return false end
for i = 1, #fields, 2 do
  local old = head(fields[i + 1])
  if old then return string.sub(fields[i + 1], HEAD + 1, #fields[i + 1] - old.body) end
end
return false
`
)
