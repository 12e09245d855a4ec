/**
 * The bus: one Redis stream of all publications in their order, and the channel that announces them.
 *
 * @module
 */
import { z } from "zod";
import type { SerializedEvent, StreamEvent } from "../../core/event.ts";
import { isPosition, parseId, type Position } from "../../core/position.ts";
import type { Topic } from "../../core/topic.ts";
import { readReply, type RedisContext } from "./client.ts";

/**
 * Number of ids that an entry of the bus has room for. Redis gives the entry its id `<ms>-<seq>`; its events have the ids
 * `<ms>-<seq × 1024 + 1 + i>`. None of them is `<ms>-0`, which is the form of an epoch.
 */
export const IDS_PER_ENTRY = 1024;

/** Approximate number of entries that the bus retains. */
export const MAX_BUS_ENTRIES = 2000;

/** Maximum size of a page of the bus in bytes, unless one entry is larger. */
const MAX_BUS_PAGE_BYTES = 1_048_576;

/** The entries that a script reads with one command. */
const ENTRIES_PER_CHUNK = 100;

/** Returns the id of one event of an entry. */
export function eventId(entry: string, index: number): Position {
  const { ms, n } = parseId(entry);
  return `${ms}-${n * IDS_PER_ENTRY + 1 + index}`;
}

const SERIALIZED_EVENT = z.object({
  type: z.string(),
  key: z.string(),
  tags: z.array(z.string()),
  json: z.string(),
});

/** Formats a serialised event as the log stores it. */
export function stringifyEvent({ type, key, tags, json }: SerializedEvent): string {
  return JSON.stringify({ type, key, tags, json });
}

/** Parses a stored event. @throws {Error} If the text is not an event. */
export function parseEvent(text: string): SerializedEvent {
  return SERIALIZED_EVENT.parse(JSON.parse(text));
}

/** The publication in an entry. The fields have the names that earlier versions wrote, because both may run together. */
const BUS_ENTRY_BODY = z.object({
  topic: z.string(),
  kind: z.enum(["log", "state"]),
  retracts: z.array(z.string()),
  drafts: z.array(SERIALIZED_EVENT),
});

/**
 * Formats the start of a body. The texts of the events follow, separated by commas, then {@linkcode BODY_END}. The append
 * script joins them without parsing them.
 */
export function formatBodyStart({ name, kind }: Topic, retracts: readonly Position[]): string {
  return `${JSON.stringify({ topic: name, kind, retracts }).slice(0, -1)},"drafts":[`;
}

/** The end of a body. */
export const BODY_END = "]}";

/** An id in a reply. */
export const REPLY_ID = z.string().refine(isPosition);

/** An id in a reply, or null, for which Lua and Redis have an empty string. */
export const REPLY_ID_OR_NULL = z.union([REPLY_ID, z.literal("").transform(() => null)]);

/** One publication on the bus. */
export interface BusEntry {
  readonly id: string;
  /** The id of the entry before it. Null if it is the log's first. */
  readonly prev: string | null;
  readonly events: readonly StreamEvent[];
  readonly retracted: readonly Position[];
}

/** Creates an entry. `lastId` is the topic's last id before the entry. */
function toBusEntry(
  id: string,
  prev: string | null,
  lastId: Position | null,
  { topic, kind, retracts, drafts }: z.infer<typeof BUS_ENTRY_BODY>,
): BusEntry {
  const events = drafts.map((event, i): StreamEvent => ({
    ...event,
    id: eventId(id, i),
    topic,
    prevId: kind === "state" ? null : i === 0 ? lastId : eventId(id, i - 1),
  }));
  return { id, prev, events, retracted: retracts };
}

/** A message of the channel. */
export type BusMessage =
  | { readonly kind: "entry"; readonly entry: BusEntry }
  /** The id of the bus's newest entry, null if it has none: a ping, or a publication too large to announce whole. */
  | { readonly kind: "head"; readonly head: string | null }
  /** The name of a lease that was released. */
  | { readonly kind: "free"; readonly lease: string };

const BUS_MESSAGE = z.union([
  z.object({ free: z.string() }),
  z.object({ head: REPLY_ID_OR_NULL }),
  z.object({ id: REPLY_ID, prev: REPLY_ID_OR_NULL, last: REPLY_ID_OR_NULL, body: BUS_ENTRY_BODY }),
]);

/** Parses a message of the channel. Returns null for a message of unknown form. */
export function parseBusMessage(text: string): BusMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const { data } = BUS_MESSAGE.safeParse(json);
  if (!data) return null;
  if ("free" in data) return { kind: "free", lease: data.free };
  if ("head" in data) return { kind: "head", ...data };
  return { kind: "entry", entry: toBusEntry(data.id, data.prev, data.last, data.body) };
}

/** The extent of the log. */
export interface LogState {
  readonly epoch: Position;
  /** The id of the bus's newest entry. Null if it has none. */
  readonly lastEntry: string | null;
  /** The id of the newest event, or the epoch. */
  readonly head: Position;
}

/** A page of the bus, and the log's state at the same moment. */
export interface BusPage extends LogState {
  readonly entries: readonly BusEntry[];
  readonly isWhole: boolean;
}

/**
 * Returns the log's state and, if ARGV[1] is a start, a page of the bus. The first reader writes the epoch, by the clock
 * that generates the ids.
 */
const READ_BUS_SCRIPT = `
local busKey, epochKey = KEYS[1], KEYS[2]
local start, maxBytes = ARGV[1], tonumber(ARGV[2])

local newest = call('XREVRANGE', busKey, '+', '-', 'COUNT', 1)[1]
local epoch = call('GET', epochKey)
if not epoch then
  local ms = newest and newest[1]:match('^%d+')
  if not ms then
    local time = call('TIME')
    ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  epoch = ms .. '-0'
  call('SET', epochKey, epoch)
end

local function page()
  local entries, bytes = {}, 0
  while true do
    local chunk = call('XRANGE', busKey, start, '+', 'COUNT', ${ENTRIES_PER_CHUNK})
    for _, entry in ipairs(chunk) do
      bytes = bytes + #entry[2][8]
      if bytes > maxBytes and #entries > 0 then return entries, 0 end
      entries[#entries + 1] = entry
      start = '(' .. entry[1]
    end
    if #chunk < ${ENTRIES_PER_CHUNK} then return entries, 1 end
  end
end
local entries, isWhole = {}, 1
if start ~= '' then entries, isWhole = page() end
return { epoch, newest and { newest[1], newest[2][6] } or false, entries, isWhole }
`;

/** The fields of an entry, in the order in which the append script writes them. */
const BUS_ENTRY_FIELDS = z.tuple([
  z.literal("prev"),
  REPLY_ID_OR_NULL,
  z.literal("last"),
  REPLY_ID_OR_NULL,
  z.literal("count"),
  z.string(),
  z.literal("body"),
  z.string(),
]);

const BUS_REPLY = z.tuple([
  REPLY_ID,
  z.tuple([REPLY_ID, z.coerce.number()]).nullable(),
  z.array(z.tuple([REPLY_ID, BUS_ENTRY_FIELDS])),
  z.number(),
]);

/** Announces the id of the newest entry. */
const PING_SCRIPT = `
local newest = call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
call('PUBLISH', ARGV[1], '{"head":"' .. (newest and newest[1] or '') .. '"}')
return 1
`;

/** The bus of a database. Every method rejects with `StoreUnavailable` while the store does not answer. */
export interface RedisBus {
  /** Reads the log's state. */
  state(): Promise<LogState>;
  /** Reads the page after an entry, or the first page for null. */
  after(entry: string | null): Promise<BusPage>;
  /** Sends every consumer the id of the newest entry. */
  ping(): Promise<void>;
}

/** Creates the bus of a database. */
export function createRedisBus({ client, keys }: RedisContext): RedisBus {
  async function read(start: string): Promise<BusPage> {
    const args = [start, MAX_BUS_PAGE_BYTES];
    const reply = await client.script(READ_BUS_SCRIPT, [keys.bus, keys.epoch], args);
    return readReply(() => {
      const [epoch, newest, entries, isWhole] = BUS_REPLY.parse(reply);
      return {
        epoch,
        lastEntry: newest?.[0] ?? null,
        head: newest ? eventId(newest[0], newest[1] - 1) : epoch,
        entries: entries.map(([id, [, prev, , lastId, , , , body]]) =>
          toBusEntry(id, prev, lastId, BUS_ENTRY_BODY.parse(JSON.parse(body)))
        ),
        isWhole: isWhole === 1,
      };
    });
  }

  return {
    state: () => read(""),
    after: (entry) => read(entry === null ? "-" : `(${entry}`),
    async ping() {
      await client.script(PING_SCRIPT, [keys.bus], [keys.channel]);
    },
  };
}
