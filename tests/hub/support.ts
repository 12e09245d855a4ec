/**
 * A hub on a clock that stands still, and clients that read when they are told to.
 *
 * @module
 */
import { assert } from "@std/assert";
import { z } from "zod";
import type { EventInput } from "../../lib/core/event.ts";
import { createLogger } from "../../lib/core/logger.ts";
import { defineTopic, type Topic } from "../../lib/core/topic.ts";
import { createHub, type Hub } from "../../lib/hub/hub.ts";
import type { HubOptions } from "../../lib/hub/log_consumer.ts";
import type { EventLog } from "../../lib/store/event_log.ts";
import { createMemoryState } from "../../lib/store/memory/backend.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** A state topic: a price by symbol. */
export const prices: Topic = defineTopic({
  name: "prices",
  kind: "state",
  events: { price: z.object({ symbol: z.string(), price: z.number() }) },
  open: (newest) => ({ type: "snapshot", json: `[${newest.map(({ json }) => json).join(",")}]` }),
});

/** Two log topics. */
export const alerts: Topic = defineTopic({
  name: "alerts",
  kind: "log",
  events: { alert: z.object({ n: z.number(), text: z.string().optional() }) },
});
export const notes: Topic = defineTopic({
  name: "notes",
  kind: "log",
  events: { note: z.object({ n: z.number(), text: z.string().optional() }) },
});

/** What a client asks for that wants all of a topic. */
export const onAlerts = [{ topic: alerts, tags: null }];
export const onPrices = [{ topic: prices, tags: null }];
export const onBoth = [...onPrices, ...onAlerts];

/** A price of a symbol. */
export function price(symbol: string, price: number): EventInput {
  return { type: "price", data: { symbol, price }, key: symbol, tags: [symbol] };
}

/** A numbered event of a log topic, with some text to make it large. */
export function numbered(type: "alert" | "note", n: number, text?: string): EventInput {
  return { type, data: text === undefined ? { n } : { n, text } };
}

/** A hub, and what it stands on. */
export interface HubUnderTest extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: EventLog;
  readonly hub: Hub;
  /** What the hub told the operator. */
  readonly lines: string[];
}

/** Settings of a hub: the contract's, where none are given. */
export function settings(options: Partial<HubOptions> = {}): HubOptions {
  return {
    heartbeatMs: 15_000,
    streamMaxAgeMs: 1_800_000,
    retryMs: 3000,
    coalesceMs: 20,
    retainEvents: 1000,
    retainMs: 86_400_000,
    maxEventBytes: 65_536,
    ...options,
  };
}

/** Creates a hub over what isolates share. */
export function createHubOver(
  clock: ManualClock,
  state: Pick<SharedState, "log" | "health">,
  options: HubOptions,
): HubUnderTest {
  const lines: string[] = [];
  const runtime = {
    clock,
    random: () => 0.5,
    log: createLogger("debug", clock, (l) => lines.push(l)),
  };
  const hub = createHub(runtime, state, options);
  return { clock, log: state.log, hub, lines, [Symbol.asyncDispose]: () => hub.close() };
}

/** Creates a hub over a memory log, with the contract's settings where none are given. */
export function createHubUnderTest(
  options: Partial<HubOptions> = {},
  wrap: (log: EventLog) => EventLog = (log) => log,
): HubUnderTest {
  const clock = createManualClock();
  const state = createMemoryState({ clock, random: () => 0.5 }, settings(options));
  return createHubOver(clock, { ...state, log: wrap(state.log) }, settings(options));
}

/** A client: it stalls until it is told to read. */
export interface Client extends AsyncDisposable {
  /** Frames it has read, in order. */
  readonly frames: ReceivedFrame[];
  /** Chunks it has read. */
  readonly chunks: number;
  readonly isEnded: boolean;
  /** The cursor it would come back with. */
  readonly cursor: string;
  /** Reads one chunk. */
  readOne(): Promise<void>;
  /** Reads on and on from now. */
  live(): this;
  /** Hangs up. */
  hangUp(): Promise<void>;
  /** What its frames of some types said, parsed. */
  said(...types: string[]): unknown[];
}

/** The reader of a stream that was opened. */
export function readerOf(stream: ReadableStream<Uint8Array> | null) {
  assert(stream !== null, "there is nothing to follow any more");
  return stream.getReader();
}

/** Creates a client of a stream. @param cursor The cursor it came with. */
export function createClient(stream: ReadableStream<Uint8Array> | null, cursor = ""): Client {
  const reader = readerOf(stream);
  const parser = createFrameParser(cursor);
  const frames: ReceivedFrame[] = [];
  let chunks = 0;
  let isEnded = false;

  async function readOne(): Promise<void> {
    const { done, value } = await reader.read();
    if (done) {
      isEnded = true;
      return;
    }
    chunks++;
    frames.push(...parser.feed(value));
  }

  return {
    frames,
    get chunks() {
      return chunks;
    },
    get isEnded() {
      return isEnded;
    },
    get cursor() {
      return parser.lastEventId;
    },
    readOne,
    live() {
      void (async () => {
        while (!isEnded) await readOne();
      })();
      return this;
    },
    async hangUp() {
      isEnded = true;
      await reader.cancel();
    },
    said: (...types) =>
      frames.filter(({ event }) => types.includes(event)).map(({ data }) => JSON.parse(data)),
    [Symbol.asyncDispose]() {
      return this.hangUp();
    },
  };
}
