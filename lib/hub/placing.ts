/**
 * Clients that came while the log did not answer, and those whose log was lost: they are given a place as soon as it is
 * known.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Place } from "../core/place.ts";
import { StoreAway } from "../store/away.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";
import type { Audience } from "./audience.ts";
import type { ClientStream } from "./client_stream.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Cursor, gapFrames, type Missed, missedBy, topicFrames } from "./opening.ts";
import type { LogReader } from "./log_reader.ts";
import type { Starts } from "./start.ts";
import type { Windows } from "./windows.ts";

/** How long until the log is asked again that did not answer, in milliseconds. */
const AGAIN_MS = 1000;

/** A client without a place. */
export interface Unplaced {
  readonly client: ClientStream;
  readonly audience: Audience;
  /** The place it came with, null where it has none. */
  readonly cursor: Place | null;
  /** Where another log began, if that is why. */
  readonly birth: Place | null;
}

/** Places clients. */
export interface Placing {
  add(unplaced: Unplaced): void;
  /** Those who wait are nobody but these. */
  restart(all: readonly Unplaced[]): void;
  /** Places all it can, now. */
  run(): void;
  stop(): void;
}

/** What placing needs. */
export interface PlacingContext {
  readonly clock: Clock;
  readonly windows: Pick<Windows, "refill" | "isFilled">;
  readonly reader: LogReader;
  readonly head: () => Place;
  readonly isJoined: () => boolean;
  readonly starts: Pick<Starts, "judge">;
  readonly onFault: (thrown: unknown) => void;
}

/** What a client is told with its place. A log that begins anew says so by the id of its last gap. */
function framesOf(
  { audience: { follows }, birth }: Unplaced,
  { isHonoured, place }: Cursor,
  { gaps }: Missed,
  now: number,
): Frame[] {
  const told = gapFrames(gaps);
  if (isHonoured) return told;
  const last = told.length - 1;
  return [
    ...told.map((frame, i) => birth !== null && i === last ? { ...frame, id: birth } : frame),
    ...follows.flatMap(topicFrames),
    heartbeat(place, now),
  ];
}

/** Creates a waiting room nobody is in. */
export function createPlacing(context: PlacingContext): Placing {
  const { clock, windows, reader, head, isJoined, starts, onFault } = context;
  const waiting = new Set<Unplaced>();
  let isRunning = false;
  let callOff: (() => void) | undefined;

  async function cursorOf({ cursor, birth }: Unplaced): Promise<Cursor> {
    if (cursor !== null) return await starts.judge(cursor);
    return { place: birth ?? head(), isHonoured: false };
  }

  async function place(each: Unplaced): Promise<void> {
    const { client, audience } = each;
    const cursor = await cursorOf(each);
    const missed = await missedBy(reader, audience.follows, cursor);
    // While this was read, the log may have been lost once more.
    if (!windows.isFilled() || !waiting.delete(each)) return;
    const frames = framesOf(each, cursor, missed, clock.now());
    audience.place(client, cursor.place, missed.told, encodeFrames(...frames));
  }

  async function placeAll(): Promise<void> {
    for (const each of waiting) if (each.client.index < 0) waiting.delete(each);
    if (waiting.size === 0 || !isJoined()) return;
    await windows.refill();
    if (windows.isFilled()) await Promise.all([...waiting].map(place));
  }

  function again(): void {
    callOff ??= clock.after(AGAIN_MS, () => {
      callOff = undefined;
      run();
    });
  }

  async function run(): Promise<void> {
    if (isRunning || waiting.size === 0) return;
    isRunning = true;
    try {
      await placeAll();
    } catch (thrown) {
      if (!(thrown instanceof StoreAway)) onFault(thrown);
    }
    isRunning = false;
    if (waiting.size > 0) again();
  }

  return {
    add(unplaced) {
      waiting.add(unplaced);
      again();
    },
    restart(all) {
      waiting.clear();
      for (const each of all) waiting.add(each);
      void run();
    },
    run: () => void run(),
    stop() {
      waiting.clear();
      callOff?.();
      callOff = undefined;
    },
  };
}
