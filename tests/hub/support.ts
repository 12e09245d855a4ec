/**
 * A hub on a manual clock, and clients that read on request.
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
  open: (newest) => [{ type: "snapshot", json: `[${newest.map(({ json }) => json).join(",")}]` }],
});

/** A log topic. */
export const alerts: Topic = defineTopic({
  name: "alerts",
  kind: "log",
  events: { alert: z.object({ n: z.number(), text: z.string().optional() }) },
});
/** Another log topic. */
export const notes: Topic = defineTopic({
  name: "notes",
  kind: "log",
  events: { note: z.object({ n: z.number(), text: z.string().optional() }) },
});

/** The filters of clients that subscribe to whole topics. */
export const onAlerts = [{ topic: alerts, tags: null }];
export const onPrices = [{ topic: prices, tags: null }];
export const onBoth = [...onPrices, ...onAlerts];

/** Creates a price of a symbol. */
export function price(symbol: string, price: number): EventInput {
  return { type: "price", data: { symbol, price }, key: symbol, tags: [symbol] };
}

/** Creates a numbered event of a log topic, with a text that makes it large. */
export function numbered(type: "alert" | "note", n: number, text?: string): EventInput {
  return { type, data: text === undefined ? { n } : { n, text } };
}

/** A hub with its clock and its log. */
export interface HubUnderTest extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: EventLog;
  readonly hub: Hub;
  /** The lines that the hub has logged. */
  readonly lines: string[];
}

/** Returns the settings of a hub: the contract's by default. */
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

/** Creates a hub over shared state: several hubs on one state are isolates of one deployment. */
export function createHubOver(
  clock: ManualClock,
  state: Pick<SharedState, "log" | "health">,
  options: HubOptions,
): HubUnderTest {
  const lines: string[] = [];
  const runtime = {
    clock,
    random: () => 0.5,
    log: createLogger("debug", clock, (line) => lines.push(line)),
  };
  const hub = createHub(runtime, state, options);
  return { clock, log: state.log, hub, lines, [Symbol.asyncDispose]: () => hub.close() };
}

/** Creates a hub over a memory log, with the contract's settings by default. */
export function createHubUnderTest(
  options: Partial<HubOptions> = {},
  wrap: (log: EventLog) => EventLog = (log) => log,
): HubUnderTest {
  const clock = createManualClock();
  const state = createMemoryState({ clock, random: () => 0.5 }, settings(options));
  return createHubOver(clock, { ...state, log: wrap(state.log) }, settings(options));
}

/** A client. It is blocked until it reads. */
export interface Client extends AsyncDisposable {
  /** The frames that it has read, in order. */
  readonly frames: ReceivedFrame[];
  /** The number of chunks that it has read. */
  readonly chunks: number;
  readonly isEnded: boolean;
  /** The cursor with which it would reconnect. */
  readonly cursor: string;
  /** Reads one chunk. */
  readOne(): Promise<void>;
  /** Reads every chunk from now on. */
  live(): this;
  /** Disconnects. */
  hangUp(): Promise<void>;
  /** Returns the parsed data of its frames of some types. */
  dataOf(...types: string[]): unknown[];
}

/** Returns the reader of a stream. Fails if the stream did not open. */
export function readerOf(stream: ReadableStream<Uint8Array> | null) {
  assert(stream !== null, "the stream did not open");
  return stream.getReader();
}

/** Creates a client of a stream. @param cursor The cursor with which it subscribed. */
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
    dataOf: (...types) =>
      frames.filter(({ event }) => types.includes(event)).map(({ data }) => JSON.parse(data)),
    [Symbol.asyncDispose]() {
      return this.hangUp();
    },
  };
}
