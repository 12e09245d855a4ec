/**
 * Reads the retained events of a topic in pages.
 *
 * @module
 */
import { z } from "zod";
import type { StreamEvent } from "../../core/event.ts";
import { comparePositions, ORIGIN, parseId, type Position } from "../../core/position.ts";
import { createRetentionTime } from "../../core/time.ts";
import type { Topic } from "../../core/topic.ts";
import { type EventLog, firstThatFit, type Page } from "../event_log.ts";
import { parseEvent, REPLY_ID, REPLY_ID_OR_NULL } from "./bus.ts";
import { readReply, type RedisContext } from "./client.ts";

/** The events that the script reads with one command. */
const EVENTS_PER_CHUNK = 250;

/**
 * Returns a page of a log topic: the newest id that is not retained, the oldest retained id, the events, and 1 if no more
 * follow. The page runs from `start` to the end, or back to the oldest retained event. An event older than `cutoff` is not
 * retained, even while it is still stored.
 */
const READ_PAGE_SCRIPT = `
local topicKey, overridesKey = KEYS[1], KEYS[2]
local direction, start, cutoff, maxBytes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local oldest = call('XRANGE', topicKey, cutoff, '+', 'COUNT', 1)[1]
if not oldest then
  local info, lastId = pcall('XINFO', 'STREAM', topicKey), ''
  for i = 1, info.err and 0 or #info, 2 do
    if info[i] == 'last-generated-id' then lastId = info[i + 1] end
  end
  return { lastId, '', {}, 1 }
end

local overrides, fields = {}, call('HGETALL', overridesKey)
for i = 1, #fields, 2 do overrides[fields[i]] = fields[i + 1] end
local function prevOf(entry) return overrides[entry[1]] or entry[2][2] end

local function page()
  local entries, bytes = {}, 0
  while true do
    local chunk = direction == 'after' and call('XRANGE', topicKey, start, '+', 'COUNT', ${EVENTS_PER_CHUNK})
      or call('XREVRANGE', topicKey, start, cutoff, 'COUNT', ${EVENTS_PER_CHUNK})
    for _, entry in ipairs(chunk) do
      bytes = bytes + tonumber(entry[2][4])
      if bytes > maxBytes and #entries > 0 then return entries, 0 end
      entries[#entries + 1] = { entry[1], prevOf(entry), entry[2][6] }
      start = '(' .. entry[1]
    end
    if #chunk < ${EVENTS_PER_CHUNK} then return entries, 1 end
  end
end
local entries, isWhole = page()
return { prevOf(oldest), oldest[1], entries, isWhole }
`;

const PAGE_REPLY = z.tuple([
  REPLY_ID_OR_NULL,
  REPLY_ID_OR_NULL,
  z.array(z.tuple([REPLY_ID, REPLY_ID_OR_NULL, z.string()])),
  z.number(),
]);
const STATE_REPLY = z.array(z.string());

/** Creates the `after()` and `latest()` of a log. Each page takes one request. */
export function createRedisReplay(
  { runtime: { clock }, client, keys, retention }: RedisContext,
): Pick<EventLog, "after" | "latest"> {
  const retentionTime = createRetentionTime(clock);

  async function readLogTopic(
    { name }: Topic,
    direction: "after" | "latest",
    startOf: (cutoff: string) => string,
    maxBytes: number,
  ): Promise<Page> {
    const cutoff = `${Math.max(0, retentionTime() - retention.retainMs)}-0`;
    const reply = await client.script(
      READ_PAGE_SCRIPT,
      [keys.log(name), keys.prevOverrides(name)],
      [direction, startOf(cutoff), cutoff, Math.min(maxBytes, Number.MAX_SAFE_INTEGER)],
    );
    return readReply(() => {
      const [truncatedAt, oldestId, entries, isWhole] = PAGE_REPLY.parse(reply);
      const events = entries.map(([id, prevId, text]): StreamEvent => ({
        ...parseEvent(text),
        id,
        topic: name,
        prevId,
      }));
      if (direction === "latest") events.reverse();
      return { events, isWhole: isWhole === 1, truncatedAt, oldestId };
    });
  }

  async function readStateTopic(
    { name }: Topic,
    position: Position,
    maxBytes: number,
  ): Promise<Page> {
    const reply: unknown = await client.command((redis) => redis.hvals(keys.state(name)));
    const events = readReply(() =>
      STATE_REPLY.parse(reply).map((text): StreamEvent => {
        const space = text.indexOf(" ");
        const id = REPLY_ID.parse(text.slice(0, space));
        return { ...parseEvent(text.slice(space + 1)), id, topic: name, prevId: null };
      }).toSorted((a, b) => comparePositions(a.id, b.id))
    );
    const oldestId = events[0]?.id ?? null;
    return { ...firstThatFit(events, position, maxBytes), truncatedAt: null, oldestId };
  }

  return {
    after(topic, position, maxBytes) {
      if (topic.kind === "state") return readStateTopic(topic, position, maxBytes);
      const startOf = (cutoff: string) =>
        parseId(position).ms < parseId(cutoff).ms ? cutoff : `(${position}`;
      return readLogTopic(topic, "after", startOf, maxBytes);
    },
    latest(topic, maxBytes) {
      if (topic.kind === "state") return readStateTopic(topic, ORIGIN, Infinity);
      return readLogTopic(topic, "latest", () => "+", maxBytes);
    },
  };
}
