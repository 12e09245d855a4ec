/**
 * What is kept of a topic, read a page at a time.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { StreamEvent } from "../../core/event.ts";
import { comparePositions, isPosition, parseId, type Position } from "../../core/position.ts";
import type { Topic } from "../../core/topic.ts";
import { type EventLog, firstThatFit, type Page, type Retention } from "../event_log.ts";
import { parseEvent } from "./bus.ts";
import type { RedisClient } from "./client.ts";
import { RedisFailure } from "./failure.ts";
import type { RedisKeys } from "./keys.ts";

/**
 * A page of a log topic: what was lost, the oldest event kept, the page, whether it is whole. The page begins at `from`
 * and goes on to the end, or from there back to the oldest kept. What is too old is not kept any more, whether it was cut
 * off or not.
 */
const READ_PAGE_SCRIPT = `
local topic, handed = KEYS[1], KEYS[2]
local direction, from, cutoff, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local oldest = call('XRANGE', topic, cutoff, '+', 'COUNT', 1)[1]
if not oldest then
  local info, last = pcall('XINFO', 'STREAM', topic), ''
  for i = 1, info.err and 0 or #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
  return { last, '', {}, 1 }
end

local prevs, fields = {}, call('HGETALL', handed)
for i = 1, #fields, 2 do prevs[fields[i]] = fields[i + 1] end
local function prevOf(entry) return prevs[entry[1]] or entry[2][2] end

local function page()
  local found, bytes = {}, 0
  while true do
    local chunk = direction == 'after' and call('XRANGE', topic, from, '+', 'COUNT', 250)
      or call('XREVRANGE', topic, from, cutoff, 'COUNT', 250)
    for _, entry in ipairs(chunk) do
      bytes = bytes + tonumber(entry[2][4])
      if bytes > most and #found > 0 then return found, 0 end
      found[#found + 1] = { entry[1], prevOf(entry), entry[2][6] }
      from = '(' .. entry[1]
    end
    if #chunk < 250 then return found, 1 end
  end
end
local found, isWhole = page()
return { prevOf(oldest), oldest[1], found, isWhole }
`;

const ID = z.string().refine(isPosition);
const ID_OR_NONE = z.union([ID, z.literal("").transform(() => null)]);
const PAGE_REPLY = z.tuple([
  ID_OR_NONE,
  ID_OR_NONE,
  z.array(z.tuple([ID, ID_OR_NONE, z.string()])),
  z.number(),
]);
const STATE_REPLY = z.array(z.string());

/** What reading stands on. */
export interface RedisReplayContext {
  readonly clock: Clock;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly retention: Retention;
}

/** Creates what reads topics, with one request a page. */
export function createRedisReplay(
  { clock, client, keys, retention }: RedisReplayContext,
): Pick<EventLog, "after" | "latest"> {
  /** Runs a reading: whatever it stumbles over, there is no page to be had. */
  function readable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new RedisFailure("what it keeps is none of ours", false, error);
    }
  }

  async function logPage(
    { name }: Topic,
    direction: "after" | "latest",
    from: (cutoff: string) => string,
    maxBytes: number,
  ): Promise<Page> {
    const cutoff = `${Math.max(0, clock.now() - retention.retainMs)}-0`;
    const most = Math.min(maxBytes, Number.MAX_SAFE_INTEGER);
    const answer = await client.script(
      READ_PAGE_SCRIPT,
      [keys.log(name), keys.prevOverrides(name)],
      [direction, from(cutoff), cutoff, most],
    );
    return readable(() => {
      const [truncatedAt, oldestId, found, isWhole] = PAGE_REPLY.parse(answer);
      const events = found.map(([id, prev, text]): StreamEvent => ({
        ...parseEvent(text),
        id,
        topic: name,
        prevId: prev,
      }));
      if (direction === "latest") events.reverse();
      return { events, isWhole: isWhole === 1, truncatedAt, oldestId };
    });
  }

  /** The newest event of every key, oldest first. */
  async function newest({ name }: Topic): Promise<StreamEvent[]> {
    const answer: unknown = await client.command((redis) => redis.hvals(keys.state(name)));
    return readable(() =>
      STATE_REPLY.parse(answer).map((text): StreamEvent => {
        const space = text.indexOf(" ");
        const id = ID.parse(text.slice(0, space));
        return { ...parseEvent(text.slice(space + 1)), id, topic: name, prevId: null };
      }).sort((a, b) => comparePositions(a.id, b.id))
    );
  }

  async function changedAfter(topic: Topic, position: Position, maxBytes: number): Promise<Page> {
    const all = await newest(topic);
    return {
      ...firstThatFit(all, position, maxBytes),
      truncatedAt: null,
      oldestId: all[0]?.id ?? null,
    };
  }

  return {
    after(topic, position, maxBytes) {
      if (topic.kind === "state") return changedAfter(topic, position, maxBytes);
      const from = (cutoff: string) =>
        parseId(position).ms < parseId(cutoff).ms ? cutoff : `(${position}`;
      return logPage(topic, "after", from, maxBytes);
    },
    latest(topic, maxBytes) {
      if (topic.kind === "state") return changedAfter(topic, "0-0", Infinity);
      return logPage(topic, "latest", () => "+", maxBytes);
    },
  };
}
