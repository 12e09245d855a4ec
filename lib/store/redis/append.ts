/**
 * One publication: one script, so that all of it is done or none.
 *
 * @module
 */
import { z } from "zod";
import type { SerializedEvent } from "../../core/event.ts";
import { isPosition, type Position } from "../../core/position.ts";
import type { Topic } from "../../core/topic.ts";
import type { Runtime } from "../../core/runtime.ts";
import {
  type Appended,
  type AppendOptions,
  IDEMPOTENCY_KEY_MS,
  MAX_BATCH_EVENTS,
  type Retention,
  weightOf,
} from "../event_log.ts";
import { BODY_END, bodyStart, eventId, MAX_BUS_ENTRIES, stringifyEvent } from "./bus.ts";
import type { RedisClient } from "./client.ts";
import { RedisFailure } from "./failure.ts";
import type { RedisKeys } from "./keys.ts";
import { decodeValue, encodeValue } from "./store.ts";

/** How long a publication without a key is known again, so that a reply that was lost may be asked for twice. */
const RETRY_KEY_MS = 60_000;

/** How long an append is tried, in milliseconds, and how often where no answer comes. */
const APPEND_TIMEOUT_MS = 4000;
const MAX_APPEND_ATTEMPTS = 3;

/** How long to wait before the next try, at most, in milliseconds. */
const APPEND_RETRY_DELAY_MS = 100;

/** What is longer is announced without what it says, in bytes: followers read it from the bus. */
const MAX_ANNOUNCED_BYTES = 204_800;

/**
 * Seven commands for one event of a log topic, itself included, eight with a fence; as many with a batch on a state
 * topic, less one; with a swap two more, another for a topic of a family, two to put a key on a roll and one to take it
 * off. The bus's entry is written before it is known whether the publication is a repeated one, since the answer to remember
 * holds its id; in that rare case it is taken out again.
 *
 * Both bounds of a log topic hold by the one bound that XADD takes: where the first event is too old, cutting by age
 * takes at least that one, so what is left is no more than before.
 */
const APPEND_SCRIPT = `
local lease, bus, birthKey, onceKey, topic, handed, value, roll = unpack(KEYS)
local holder, channel, onceMs, mark, kind = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local keptEvents, keptMs, busEntries = ARGV[6], tonumber(ARGV[7]), ARGV[8]
local announced, bodyStart, bodyEnd = tonumber(ARGV[9]), ARGV[10], ARGV[11]
local count, retracts = tonumber(ARGV[12]), tonumber(ARGV[13])
local expected, next, ttlMs = ARGV[14], ARGV[15], ARGV[16]
local topicMs, rollCommand, member, most = ARGV[17], ARGV[18], ARGV[19], tonumber(ARGV[20])
local drafts = 20 + retracts

local function msOf(id) return tonumber(id:match('^%d+')) end

if holder ~= '' and call('GET', lease) ~= holder then return { 'fenced' } end
if next ~= '' then
  local held = call('GET', value)
  if (held and '=' .. held or '') ~= expected then
    local known = call('GET', onceKey)
    if known then return { 'known', known } end
    return { 'stale', held and '=' .. held or '' }
  end
  if rollCommand == 'SADD' and call('SCARD', roll) >= most then return { 'full' } end
end
local before = call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local prev = before and before[1] or ''

local last, oldest = '', nil
if kind == 'log' then
  local info = pcall('XINFO', 'STREAM', topic)
  for i = 1, info.err and 0 or #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
    if info[i] == 'first-entry' and info[i + 1] then oldest = info[i + 1][1] end
  end
end

if retracts > 0 then
  local known = call('GET', onceKey)
  if known then return { 'known', known } end
  for i = 21, 20 + retracts do
    local gone = call('XRANGE', topic, ARGV[i], ARGV[i])[1]
    if gone then
      local prevOfGone = call('HGET', handed, gone[1]) or gone[2][2]
      local successor = call('XRANGE', topic, '(' .. gone[1], '+', 'COUNT', 1)[1]
      call('XDEL', topic, gone[1])
      call('HDEL', handed, gone[1])
      if successor then call('HSET', handed, successor[1], prevOfGone) else last = prevOfGone end
    end
  end
  for _, id in ipairs(call('HKEYS', handed)) do
    if oldest and msOf(id) < msOf(oldest) then call('HDEL', handed, id) end
  end
  call('PEXPIRE', handed, keptMs)
end

local texts = {}
for i = 1, count do texts[i] = ARGV[drafts + 2 * i] end
local body = bodyStart .. table.concat(texts, ',') .. bodyEnd
local id = call('XADD', bus, 'MAXLEN', '~', busEntries, '*',
  'prev', prev, 'last', last, 'count', count, 'body', body)
local known = call('SET', onceKey, id .. ' ' .. count .. ' ' .. mark, 'NX', 'GET', 'PX', onceMs)
if known then
  call('XDEL', bus, id)
  return { 'known', known }
end

local ms, seq = id:match('^(%d+)-(%d+)$')
if prev == '' then call('SET', birthKey, ms .. '-0', 'NX') end
local function eventId(i) return ms .. '-' .. string.format('%.0f', tonumber(seq) * 1024 + i) end
if kind == 'log' then
  local cutoff = tonumber(ms) - keptMs
  local from = last
  for i = 1, count do
    local bound, value = 'MAXLEN', keptEvents
    if i == 1 and oldest and msOf(oldest) < cutoff then
      bound, value = 'MINID', string.format('%.0f', cutoff)
    end
    call('XADD', topic, bound, '=', value, eventId(i),
      'prev', from, 'weight', ARGV[drafts + 2 * i - 1], 'draft', texts[i])
    from = eventId(i)
  end
  if next ~= '' then
    call('SET', value, next, 'PX', ttlMs)
    if topicMs ~= '0' then call('PEXPIRE', topic, topicMs) end
    if rollCommand ~= '' then call(rollCommand, roll, member) end
  end
else
  local newest = {}
  for i = 1, count do
    newest[2 * i - 1] = ARGV[drafts + 2 * i - 1]
    newest[2 * i] = eventId(i) .. ' ' .. texts[i]
  end
  call('HSET', topic, unpack(newest))
end

if #body > announced then
  call('PUBLISH', channel, '{"head":"' .. id .. '"}')
else
  call('PUBLISH', channel, '{"id":"' .. id .. '","prev":"' .. prev .. '","last":"' .. last ..
    '","body":' .. body .. '}')
end
return { 'appended', id }
`;

const APPEND_REPLY = z.union([
  z.tuple([z.literal("fenced")]),
  z.tuple([z.literal("full")]),
  z.tuple([z.literal("appended"), z.string()]),
  z.tuple([z.literal("stale"), z.string().transform(decodeValue)]),
  // The entry, how many events it has, which call wrote it, and the fingerprint it came with.
  z.tuple([
    z.literal("known"),
    z.string().regex(/^\d+-\d+ \d+ \S+ /).transform((text) => {
      const [entry = "", count = "", call = ""] = text.split(" ", 3);
      const fingerprint = text.slice(entry.length + count.length + call.length + 3);
      return { entry, count: Number(count), call, fingerprint };
    }),
  ]),
]);

/** What publishing stands on. */
export interface AppendContext {
  readonly runtime: Pick<Runtime, "clock" | "random">;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly retention: Retention;
  /** Tells this isolate's publications from all others'. */
  readonly isolate: string;
}

/** Takes a publication, as `EventLog.append()` says. */
export type Append = (
  topic: Topic,
  drafts: readonly SerializedEvent[],
  options?: AppendOptions,
) => Promise<Appended>;

/** Creates what publishes. */
export function createRedisAppend(
  { runtime: { clock, random }, client, keys, retention, isolate }: AppendContext,
): Append {
  // An isolate that starts again under its old name begins with another number.
  const life = Math.floor(random() * 2 ** 48).toString(36);
  let calls = 0;

  /** Where no answer comes, the same is asked again: the publication's key makes it one. */
  async function patiently<T>(task: () => Promise<T>): Promise<T> {
    const deadline = clock.now() + APPEND_TIMEOUT_MS;
    for (let left = MAX_APPEND_ATTEMPTS - 1;; left--) {
      try {
        return await task();
      } catch (thrown) {
        const isWorthIt = thrown instanceof RedisFailure && thrown.isUnknown && left > 0;
        if (!isWorthIt || clock.now() >= deadline) throw thrown;
      }
      await new Promise<void>((resolve) =>
        void clock.after(random() * APPEND_RETRY_DELAY_MS, resolve)
      );
    }
  }

  function idsOf(entry: string, count: number): Position[] {
    return Array.from({ length: count }, (_, i) => eventId(entry, i));
  }

  return async (topic, drafts, { idempotencyKey, fence, retracts = [], cas } = {}) => {
    const { name, kind, family } = topic;
    if (drafts.length === 0 || drafts.length > MAX_BATCH_EVENTS) {
      throw new RangeError(`Cannot append ${drafts.length} events at once`);
    }
    const call = `${encodeURIComponent(isolate)}:${life}:${++calls}`;
    const onceKey = keys.publication(
      idempotencyKey ? `key:${idempotencyKey.key}` : `call:${call}`,
    );
    const openIndex = cas?.openIndex;
    const gone = kind === "log" ? retracts.filter(isPosition) : [];
    const args = [
      fence?.holder ?? "",
      keys.channel,
      idempotencyKey ? IDEMPOTENCY_KEY_MS : RETRY_KEY_MS,
      `${call} ${idempotencyKey?.fingerprint ?? ""}`,
      kind,
      retention.retainEvents,
      retention.retainMs,
      MAX_BUS_ENTRIES,
      MAX_ANNOUNCED_BYTES,
      bodyStart(name, kind, retracts),
      BODY_END,
      drafts.length,
      gone.length,
      encodeValue(cas?.expected ?? null),
      cas?.next ?? "",
      cas?.ttlMs ?? 0,
      family === undefined ? 0 : cas?.ttlMs ?? 0,
      openIndex ? openIndex.isOpen ? "SADD" : "SREM" : "",
      cas?.key ?? "",
      openIndex?.max ?? 0,
      ...gone,
      ...drafts.flatMap((draft) => [
        kind === "log" ? weightOf(draft) : draft.key,
        stringifyEvent(draft),
      ]),
    ];
    const answer = await patiently(() =>
      client.script(APPEND_SCRIPT, [
        keys.lease(fence?.lease ?? ""),
        keys.bus,
        keys.epoch,
        onceKey,
        kind === "log" ? keys.log(name) : keys.state(name),
        keys.prevOverrides(name),
        keys.value(cas?.key ?? ""),
        keys.openIndex(openIndex?.name ?? ""),
      ], args)
    );
    const { data, error } = APPEND_REPLY.safeParse(answer);
    if (error) throw new RedisFailure("it answered what no script of ours does", false, error);
    const [outcome, what] = data;
    if (outcome === "fenced" || outcome === "full") return { kind: outcome };
    if (outcome === "stale") return { kind: "stale", current: what };
    if (outcome === "appended") return { kind: "appended", ids: idsOf(what, drafts.length) };
    const ids = idsOf(what.entry, what.count);
    if (what.call === call) return { kind: "appended", ids };
    return idempotencyKey?.fingerprint === what.fingerprint
      ? { kind: "repeated", ids }
      : { kind: "conflict" };
  };
}
