/**
 * A client that disconnects at any byte, reconnects to any isolate, and checks every frame.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { createOrderWatch } from "../support/order.ts";
import { sendRequest } from "../support/stream_client.ts";
import type { Seeded } from "../support/seeded.ts";
import { BUSY, BYE, parse, SYNC } from "../support/shapes.ts";
import { pause, within } from "../support/within.ts";
import { HEARTBEAT_MS, type Isolate } from "./isolates.ts";
import { createHistory } from "./history.ts";
import { createShownMarket, type ShownMarket } from "./shown_market.ts";

const PATH = "/v1/stream?topics=quotes,events/alerts";

/** The most bytes before a cut. Half of the cuts fall into the initial frames and the first ones after them. */
const MAX_CUT_BYTES = { early: 700, late: 60_000 };

/** The silence after which a hopper leaves a stream, in milliseconds. */
const SILENCE_MS = 4 * HEARTBEAT_MS;

/** The longest wait before it reconnects, in milliseconds. */
const MAX_RECONNECT_MS = 60;

/** An event of one of the publisher's lanes. */
export const LANE_EVENT = z.object({
  channel: z.literal("alerts"),
  data: z.object({ lane: z.int(), number: z.int() }),
});

/** Counts of one client. */
export interface ClientCounts {
  readonly connections: number;
  /** The connections that it cut. */
  readonly cuts: number;
  /** Streams that were ended by `bye`, and openings that were refused by `busy`. */
  readonly drained: number;
}

/** A client at work. */
export interface Client {
  readonly name: string;
  /** The ids of the events of each lane, in their order: those of number 1, 2, 3 and so on. */
  readonly seen: readonly (readonly string[])[];
  readonly market: ShownMarket;
  readonly counts: ClientCounts;
  /** Its position, "" while it has none. */
  readonly cursor: string;
  /** Stops disconnecting, or begins again. A client begins at rest. */
  rest(isResting: boolean): void;
  /** Returns the last events of its history. */
  history(): string;
  stop(): Promise<void>;
}

/** The options of a client. */
export interface ClientOptions {
  readonly name: string;
  readonly random: Seeded;
  readonly lanes: number;
  /** The isolates that it connects to. With a single one, it never disconnects. */
  readonly isolates: readonly Isolate[];
  /** A frame broke a guarantee: the client has stopped. */
  readonly onFailure: (client: Client, error: unknown) => void;
}

/** Starts a client. */
export function startClient(
  { name, random, lanes, isolates, onFailure }: ClientOptions,
): Client {
  const seen: string[][] = Array.from({ length: lanes }, () => []);
  const market = createShownMarket();
  const counts = { connections: 0, cuts: 0, drained: 0 };
  const history = createHistory();
  const isHopper = isolates.length > 1;
  let cursor = "";
  let isResting = true;
  let isStopped = false;
  let hangUp = () => {};

  function takeEvent({ id, data }: ReceivedFrame): void {
    const { data: { lane, number } } = parse(LANE_EVENT, data);
    const ids = seen[lane] ?? [];
    assertEquals(number, ids.length + 1, `lane ${lane} goes on with ${number}`);
    assert(id !== null, "an event came without an id");
    ids.push(id);
  }

  /** Checks the frames of one connection. */
  function createCheck(): (frame: ReceivedFrame) => void {
    const isResumed = cursor !== "";
    const watch = createOrderWatch();
    market.reconnect();
    return (frame) => {
      const { id, event, data } = frame;
      history.add(`${event} ${id ?? "-"} ${event === "snapshot" ? "…" : data.slice(0, 100)}`);
      watch(id);
      if (event === "tick") takeEvent(frame);
      else if (event === "quote" || event === "status") market.take({ type: event, json: data });
      else if (event === "snapshot") {
        assert(!isResumed, "a snapshot came although the cursor was honoured");
        market.take({ type: event, json: data });
      } else if (event === "sync") {
        const { resumed, gap } = parse(SYNC, data);
        assertEquals({ resumed, gap }, { resumed: isResumed, gap: false });
      } else if (event === "bye" || event === "busy") {
        const { reason } = event === "bye" ? parse(BYE, data) : parse(BUSY, data);
        assertEquals(reason, "drain", event);
        counts.drained++;
      } else {
        assert(event === "heartbeat", `${event} ${data}`);
      }
      cursor = frame.lastEventId;
    };
  }

  /** Reads one connection to its end, or to the cut. A failure of the connection breaks no guarantee. */
  async function follow({ name: to, server: { port } }: Isolate): Promise<void> {
    const isCut = isHopper && !isResting;
    const cutAfter = isCut
      ? random.below(random.chance(0.5) ? MAX_CUT_BYTES.early : MAX_CUT_BYTES.late)
      : Infinity;
    const patienceMs = isHopper ? SILENCE_MS : 2 ** 31 - 1;
    history.add(`to ${to}, to be cut after ${cutAfter} bytes, cursor ${cursor || "none"}`);
    using request = await sendRequest(port, PATH, { cursor, cutAfter });
    hangUp = request.hangUp;
    const stream = await within(patienceMs, "the head", request.response());
    if (stream.status !== 200) throw new BrokenGuarantee(`answered ${stream.status}`);
    counts.connections++;
    const parser = createFrameParser(cursor);
    const check = createCheck();
    for (;;) {
      const bytes = await within(patienceMs, "the next byte", stream.read());
      if (bytes === null) break;
      guarantee(() => parser.feed(bytes).forEach(check));
    }
    if (stream.bodyBytes < cutAfter) return history.add("it ended");
    counts.cuts++;
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      const isolate = isolates[random.below(isolates.length)];
      if (!isolate) return;
      try {
        await follow(isolate);
      } catch (error) {
        if (error instanceof BrokenGuarantee) {
          if (!isStopped) onFailure(client, error);
          return;
        }
        history.add(error instanceof Error ? error.message : String(error));
      }
      await pause(random.below(MAX_RECONNECT_MS));
    }
  }

  const client: Client = {
    name,
    seen,
    market,
    counts,
    get cursor() {
      return cursor;
    },
    rest(isNowResting) {
      isResting = isNowResting;
      // A connection that was opened at rest is never cut.
      if (isHopper && !isResting) hangUp();
    },
    history: history.text,
    async stop() {
      isStopped = true;
      hangUp();
      await done;
    },
  };
  const done = run();
  return client;
}

/** A guarantee of the contract that was broken. */
class BrokenGuarantee extends Error {
  override readonly name = "BrokenGuarantee";
}

/** Runs a check, and turns its failure into a broken guarantee. */
function guarantee(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new BrokenGuarantee(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
