/**
 * The Lua script of an append.
 *
 * @module
 */
import { BODY_END, IDS_PER_ENTRY, MAX_BUS_ENTRIES } from "./bus.ts";

/** Maximum size of an announcement with its body, in bytes. Consumers read a longer publication from the bus. */
const MAX_ANNOUNCED_BYTES = 204_800;

/** The script's first argument, as JSON. Absent fields are nil in Lua. */
export interface AppendArgs {
  readonly kind: "log" | "state";
  /** The channel of announcements. */
  readonly channel: string;
  /** The holder of the lease that must be held. Absent without a fence. */
  readonly holder?: string | undefined;
  /** The unique name of this call, a space, and the fingerprint of the idempotency key. */
  readonly call: string;
  /** Lifetime of the publication key, in milliseconds. */
  readonly keyTtlMs: number;
  readonly retainEvents: number;
  readonly retainMs: number;
  /** The start of the bus entry's body. The serialised events follow, separated by commas. */
  readonly bodyStart: string;
  /** Ids of the events that this publication retracts. */
  readonly retracts: readonly string[];
  /** Absent without a compare-and-set. */
  readonly cas?: AppendCas | undefined;
}

/** The compare-and-set of an append, without its values. */
export interface AppendCas {
  /** True if no value may be stored yet. */
  readonly isNew: boolean;
  readonly ttlMs: number;
  /** Lifetime of the topic's log from now on, in milliseconds. Absent if the topic outlives the value. */
  readonly topicTtlMs?: number | undefined;
  /** Absent if no open index changes. */
  readonly openIndex?: {
    readonly command: "SADD" | "SREM";
    readonly member: string;
    readonly max: number;
  } | undefined;
}

/**
 * Appends one publication: all of it or nothing.
 *
 * `ARGV[1]` holds {@linkcode AppendArgs}. `ARGV[2]` and `ARGV[3]` are the expected and the next value of a compare-and-set.
 * Two arguments follow for each event: its weight (log topics) or its key (state topics), then its JSON. Values and events
 * have no name, because decoding them would cost a third of the CPU time of a large publication.
 *
 * Billed commands: seven for one event of a log topic, itself included; eight with a fence; one less for a batch of a
 * state topic. A compare-and-set adds two, a topic of a family one, a key that enters an open index two, one that leaves
 * it one. The bus entry is written before the publication key is checked, because the stored result contains its id. A
 * repeated publication deletes it again.
 */
export const APPEND_SCRIPT = `
local leaseKey, busKey, epochKey, publicationKey, topicKey, overridesKey, valueKey, indexKey =
  unpack(KEYS)
local args, expected, next = cjson.decode(ARGV[1]), ARGV[2], ARGV[3]
local cas, retracts, count = args.cas, args.retracts, (#ARGV - 3) / 2
local isLog = args.kind == 'log'

local function attributeOf(i) return ARGV[2 + 2 * i] end
local function jsonOf(i) return ARGV[3 + 2 * i] end
local function msOf(id) return tonumber(id:match('^%d+')) end

if args.holder and call('GET', leaseKey) ~= args.holder then return { 'fenced' } end

if cas then
  local current = call('GET', valueKey)
  if current ~= (not cas.isNew and expected) then
    local known = call('GET', publicationKey)
    if known then return { 'known', known } end
    return { 'stale', current }
  end
  local index = cas.openIndex
  if index and index.command == 'SADD' and call('SCARD', indexKey) >= index.max then
    return { 'full' }
  end
end

local newest = call('XREVRANGE', busKey, '+', '-', 'COUNT', 1)[1]
local prevEntry = newest and newest[1] or ''

-- The topic's last id and its oldest retained id.
local lastId, oldestId = '', nil
if isLog then
  local info = pcall('XINFO', 'STREAM', topicKey)
  for i = 1, info.err and 0 or #info, 2 do
    if info[i] == 'last-generated-id' then lastId = info[i + 1] end
    if info[i] == 'first-entry' and info[i + 1] then oldestId = info[i + 1][1] end
  end
end

if #retracts > 0 then
  local known = call('GET', publicationKey)
  if known then return { 'known', known } end
  for _, id in ipairs(retracts) do
    local retracted = call('XRANGE', topicKey, id, id)[1]
    if retracted then
      local prev = call('HGET', overridesKey, id) or retracted[2][2]
      local successor = call('XRANGE', topicKey, '(' .. id, '+', 'COUNT', 1)[1]
      call('XDEL', topicKey, id)
      call('HDEL', overridesKey, id)
      if successor then call('HSET', overridesKey, successor[1], prev) else lastId = prev end
    end
  end
  for _, id in ipairs(call('HKEYS', overridesKey)) do
    if oldestId and msOf(id) < msOf(oldestId) then call('HDEL', overridesKey, id) end
  end
  call('PEXPIRE', overridesKey, args.retainMs)
end

local events = {}
for i = 1, count do events[i] = jsonOf(i) end
local body = args.bodyStart .. table.concat(events, ',') .. '${BODY_END}'
local entry = call('XADD', busKey, 'MAXLEN', '~', ${MAX_BUS_ENTRIES}, '*',
  'prev', prevEntry, 'last', lastId, 'count', count, 'body', body)
local known = call('SET', publicationKey, entry .. ' ' .. count .. ' ' .. args.call,
  'NX', 'GET', 'PX', args.keyTtlMs)
if known then
  call('XDEL', busKey, entry)
  return { 'known', known }
end

local ms, seq = entry:match('^(%d+)-(%d+)$')
if prevEntry == '' then call('SET', epochKey, ms .. '-0', 'NX') end
local function eventId(i) return ms .. '-' .. string.format('%.0f', tonumber(seq) * ${IDS_PER_ENTRY} + i) end

if isLog then
  local cutoffMs = tonumber(ms) - args.retainMs
  local prev = lastId
  for i = 1, count do
    -- XADD takes one bound. Removing by age removes at least one event here, so the count does not grow.
    local bound, value = 'MAXLEN', args.retainEvents
    if i == 1 and oldestId and msOf(oldestId) < cutoffMs then
      bound, value = 'MINID', string.format('%.0f', cutoffMs)
    end
    call('XADD', topicKey, bound, '=', value, eventId(i),
      'prev', prev, 'weight', attributeOf(i), 'draft', events[i])
    prev = eventId(i)
  end
  if cas then
    call('SET', valueKey, next, 'PX', cas.ttlMs)
    if cas.topicTtlMs then call('PEXPIRE', topicKey, cas.topicTtlMs) end
    if cas.openIndex then call(cas.openIndex.command, indexKey, cas.openIndex.member) end
  end
else
  local fields = {}
  for i = 1, count do
    fields[2 * i - 1] = attributeOf(i)
    fields[2 * i] = eventId(i) .. ' ' .. events[i]
  end
  call('HSET', topicKey, unpack(fields))
end

if #body > ${MAX_ANNOUNCED_BYTES} then
  call('PUBLISH', args.channel, '{"head":"' .. entry .. '"}')
else
  call('PUBLISH', args.channel, '{"id":"' .. entry .. '","prev":"' .. prevEntry ..
    '","last":"' .. lastId .. '","body":' .. body .. '}')
end
return { 'appended', entry }
`;
