/**
 * Clients that came while the log did not answer, and those whose log was lost: they are given a place as soon as it is
 * known.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { ClientStream } from "./client_stream.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Cursor, gapFrames, type Missed, missedBy, topicFrames } from "./initial_frames.ts";
import type { LogReader } from "./replay.ts";
import type { Starts } from "./resume.ts";
import type { Windows } from "./windows.ts";

/** How long until the log is asked again that did not answer, in milliseconds. */
const AGAIN_MS = 1000;

/** A client without a place. */
export interface Unplaced {
  readonly client: ClientStream;
  readonly group: BroadcastGroup;
  /** The place it came with, null where it has none. */
  readonly cursor: Position | null;
  /** Where another log began, if that is why. */
  readonly epoch: Position | null;
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
  readonly head: () => Position;
  /** Whether this isolate stands in the log, and that is not known to be away. */
  readonly isReadable: () => boolean;
  readonly starts: Pick<Starts, "judge">;
  readonly onFault: (thrown: unknown) => void;
}

/** Log topics of a client's. */
function hasLogs({ group: { follows } }: Unplaced): boolean {
  return follows.some(({ window }) => window.topic.kind === "log");
}

/** What a client is told with its place. A log that begins anew says so by the id of its last gap. */
function framesOf(
  { group: { follows }, epoch }: Unplaced,
  { isHonoured, position }: Cursor,
  { gaps }: Missed,
  now: number,
): Frame[] {
  const told = gapFrames(gaps);
  if (isHonoured) return told;
  const last = told.length - 1;
  return [
    ...told.map((frame, i) => epoch !== null && i === last ? { ...frame, id: epoch } : frame),
    ...follows.flatMap(topicFrames),
    heartbeat(position, now),
  ];
}

/** Creates a waiting room nobody is in. */
export function createPlacing(context: PlacingContext): Placing {
  const { clock, windows, reader, head, isReadable, starts, onFault } = context;
  const waiting = new Set<Unplaced>();
  let isRunning = false;
  let callOff: (() => void) | undefined;

  /** Where a client begins whose cursor is worth nothing: all of a new log's events are new to it, or its snapshot tells. */
  function beginning(each: Unplaced): Position {
    return each.epoch !== null && hasLogs(each) ? each.epoch : head();
  }

  async function cursorOf(each: Unplaced): Promise<Cursor> {
    if (each.cursor !== null) return await starts.judge(each.cursor);
    return { position: beginning(each), isHonoured: false };
  }

  /** Whether it can be told its place now. Who has no room waits, as long as it may. */
  function canPlace({ client, group: { follows } }: Unplaced): boolean {
    return client.isWritable() && windows.isFilled(follows.map(({ window }) => window.topic));
  }

  async function position(each: Unplaced): Promise<void> {
    if (!canPlace(each)) return;
    const { client, group } = each;
    const judged = await cursorOf(each);
    const missed = await missedBy(reader, group.follows, judged);
    // While this was read, the log may have been lost once more.
    if (!canPlace(each) || !waiting.delete(each)) return;
    const cursor = judged.isHonoured ? judged : { ...judged, position: beginning(each) };
    const frames = framesOf(each, cursor, missed, clock.now());
    group.position(client, cursor.position, missed.told, encodeFrames(...frames));
  }

  async function placeAll(): Promise<void> {
    for (const each of waiting) if (each.client.index < 0) waiting.delete(each);
    if (waiting.size === 0 || !isReadable()) return;
    await windows.refill();
    const results = await Promise.allSettled([...waiting].map(position));
    const failed = results.filter((each) => each.status === "rejected");
    // One fault tells as much as many of the same.
    const fault = failed.find(({ reason }) => !(reason instanceof StoreUnavailable));
    if (fault) throw fault.reason;
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
      onFault(thrown);
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
