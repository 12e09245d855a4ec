/**
 * The bus: one stream of all publications in their order, and the channel on which they are announced.
 *
 * @module
 */
import { z } from "zod";
import type { SerializedEvent, StreamEvent } from "../../core/event.ts";
import { isPosition, parseId, type Position } from "../../core/position.ts";
import type { RedisClient } from "./client.ts";
import { RedisFailure } from "./failure.ts";
import type { RedisKeys } from "./keys.ts";

/**
 * An entry of the bus has an id of Redis's own, `<ms>-<seq>`, and room for so many events: theirs are
 * `<ms>-<seq × 1024 + 1 + i>`. None is ever `<ms>-0`, as births are.
 */
const IDS_PER_ENTRY = 1024;

/** About how many entries the bus keeps. */
export const MAX_BUS_ENTRIES = 2000;

/** The most of the bus that is read at once, in bytes. */
const MAX_BUS_PAGE_BYTES = 1_048_576;

/** The id of one event of an entry. */
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

/** A draft as it is kept. */
export function stringifyEvent({ type, key, tags, json }: SerializedEvent): string {
  return JSON.stringify({ type, key, tags, json });
}

/** A draft that was kept. @throws {Error} If it was none. */
export function parseEvent(text: string): SerializedEvent {
  return SERIALIZED_EVENT.parse(JSON.parse(text));
}

/** What an entry holds of a publication, made before it is sent: scripts add its drafts and never look inside. */
const BUS_ENTRY_BODY = z.object({
  topic: z.string(),
  kind: z.enum(["log", "state"]),
  retracts: z.array(z.string()),
  drafts: z.array(SERIALIZED_EVENT),
});

/** The start of a body: the texts of its drafts follow, between commas, then {@linkcode BODY_END}. */
export function bodyStart(
  topic: string,
  kind: "log" | "state",
  retracts: readonly Position[],
): string {
  const head = JSON.stringify({ topic, kind, retracts });
  return `${head.slice(0, -1)},"drafts":[`;
}

/** The end of a body. */
export const BODY_END = "]}";

/** Redis has no empty value: an empty text stands for nothing. */
const ID = z.string().refine(isPosition);
const ID_OR_NONE = z.union([ID, z.literal("").transform(() => null)]);

/** One publication on the bus. */
export interface BusEntry {
  readonly id: string;
  /** The entry before it, null where it is the log's first. */
  readonly prev: string | null;
  readonly events: readonly StreamEvent[];
  readonly retracted: readonly Position[];
}

function toBusEntry(
  id: string,
  prev: string | null,
  last: Position | null,
  { topic, kind, retracts, drafts }: z.infer<typeof BUS_ENTRY_BODY>,
): BusEntry {
  const events = drafts.map((draft, i): StreamEvent => ({
    ...draft,
    id: eventId(id, i),
    topic,
    prevId: kind === "state" ? null : i === 0 ? last : eventId(id, i - 1),
  }));
  return { id, prev, events, retracted: retracts };
}

/** What is heard on the channel. */
export type BusMessage =
  | { readonly kind: "entry"; readonly entry: BusEntry }
  /** The bus's newest entry, null where there is none: a beat, or a publication too large to be announced whole. */
  | { readonly kind: "head"; readonly head: string | null }
  | { readonly kind: "free"; readonly lease: string };

const BUS_MESSAGE = z.union([
  z.object({ free: z.string() }),
  z.object({ head: ID_OR_NONE }),
  z.object({ id: ID, prev: ID_OR_NONE, last: ID_OR_NONE, body: BUS_ENTRY_BODY }),
]);

/** Reads what was heard: null where it is none of ours. */
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

/** Where the log begins and ends. */
export interface LogState {
  readonly epoch: Position;
  /** The newest entry of the bus, null where there is none. */
  readonly lastEntry: string | null;
  /** The newest event, or the birth. */
  readonly head: Position;
}

/** What the bus holds after an entry. */
export interface BusPage extends LogState {
  readonly entries: readonly BusEntry[];
  readonly isWhole: boolean;
}

/**
 * Tells where the log stands, and a page of the bus where it is given where to begin. Who comes first writes the birth, by
 * the clock that gives the ids.
 */
const READ_BUS_SCRIPT = `
local bus, birthKey = KEYS[1], KEYS[2]
local from, most = ARGV[1], tonumber(ARGV[2])
local head = call('XREVRANGE', bus, '+', '-', 'COUNT', 1)[1]
local birth = call('GET', birthKey)
if not birth then
  local ms = head and head[1]:match('^%d+')
  if not ms then
    local time = call('TIME')
    ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  birth = ms .. '-0'
  call('SET', birthKey, birth)
end
local function page()
  local found, bytes = {}, 0
  while true do
    local chunk = call('XRANGE', bus, from, '+', 'COUNT', 100)
    for _, entry in ipairs(chunk) do
      bytes = bytes + #entry[2][8]
      if bytes > most and #found > 0 then return found, 0 end
      found[#found + 1] = entry
      from = '(' .. entry[1]
    end
    if #chunk < 100 then return found, 1 end
  end
end
local found, isWhole = {}, 1
if from ~= '' then found, isWhole = page() end
return { birth, head and { head[1], head[2][6] } or false, found, isWhole }
`;

/** Fields stand in the order in which they are written: prev, last, count, body. */
const BUS_ENTRY_FIELDS = z.tuple([
  z.literal("prev"),
  ID_OR_NONE,
  z.literal("last"),
  ID_OR_NONE,
  z.literal("count"),
  z.string(),
  z.literal("body"),
  z.string(),
]);

const BUS_REPLY = z.tuple([
  ID,
  z.tuple([ID, z.coerce.number()]).nullable(),
  z.array(z.tuple([ID, BUS_ENTRY_FIELDS])),
  z.number(),
]);

/** Says that the bus is silent, not dead, and where it ends. */
const PING_SCRIPT = `
local head = call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
call('PUBLISH', ARGV[1], '{"head":"' .. (head and head[1] or '') .. '"}')
return 1
`;

/** The bus. Everything rejects with a StoreAway where it cannot be reached. */
export interface RedisBus {
  state(): Promise<LogState>;
  /** What follows an entry, or all that is kept where that is null. */
  after(entry: string | null): Promise<BusPage>;
  ping(): Promise<void>;
}

/** Creates the bus of a database. */
export function createRedisBus(client: RedisClient, keys: RedisKeys): RedisBus {
  async function read(from: string): Promise<BusPage> {
    const answer = await client.script(READ_BUS_SCRIPT, [keys.bus, keys.epoch], [
      from,
      MAX_BUS_PAGE_BYTES,
    ]);
    try {
      const [epoch, head, found, isWhole] = BUS_REPLY.parse(answer);
      return {
        epoch,
        lastEntry: head?.[0] ?? null,
        head: head ? eventId(head[0], head[1] - 1) : epoch,
        entries: found.map(([id, [, prev, , last, , , , body]]) =>
          toBusEntry(id, prev, last, BUS_ENTRY_BODY.parse(JSON.parse(body)))
        ),
        isWhole: isWhole === 1,
      };
    } catch (error) {
      throw new RedisFailure("what it keeps is none of ours", false, error);
    }
  }

  return {
    state: () => read(""),
    after: (entry) => read(entry === null ? "-" : `(${entry}`),
    async ping() {
      await client.script(PING_SCRIPT, [keys.bus], [keys.channel]);
    },
  };
}
