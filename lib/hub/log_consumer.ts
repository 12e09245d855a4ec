/**
 * The road from the log into this isolate: every publication comes this way, whoever published it.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Joined, LogMessage } from "../core/event.ts";
import { comparePositions, ORIGIN, type Position } from "../core/position.ts";
import type { EventLog } from "../store/event_log.ts";
import { type EncodedEvent, SseEncoderStream } from "../wire/sse.ts";

/** An opening waits this long for a log that was not reached yet, in milliseconds. */
const JOIN_MS = 1000;

/** Who asked for something it published does not wait longer than this to see it come back, in milliseconds. */
const REACH_MS = 1000;

/** Takes in what is published. */
export interface Intake {
  /** The place of the newest event this isolate has received: {@linkcode NOWHERE} where it never reached the log. */
  head(): Position;
  /**
   * The birth of the log it stands in, though that may not answer at the moment: null where it never reached one. Another
   * birth is another log.
   */
  epoch(): Position | null;
  /** Begins to follow the log, where it does not. @returns Whether it has joined it: where not, it waits a moment for that. */
  begin(): boolean | Promise<boolean>;
  /** Settles when everything up to a place was received, or soon. */
  reached(position: Position): Promise<void>;
  /** Stops following. It may begin again. */
  end(): Promise<void>;
}

/** What an intake hands on. */
export interface IntakeHandlers {
  /**
   * Puts events into the window of their topic, and takes others out: the head moves right after. There may be none to put
   * in, where they were themselves taken back before they came here.
   */
  readonly store: (events: readonly EncodedEvent[], retracted: readonly Position[]) => void;
  /** One publication, once, in order. @param before The head before it. */
  readonly receive: (events: readonly EncodedEvent[], before: Position) => void;
  /** What is held does not lead to where the log stands: the head moves there right after. */
  readonly reset: (head: Position) => void;
  /** It stands in the log. @param before Where it stood before, null where it did not. */
  readonly join: (now: Joined, before: Joined | null) => void;
  readonly onFault: (thrown: unknown) => void;
}

/** What an intake needs. */
export interface IntakeContext {
  readonly clock: Clock;
  readonly log: Pick<EventLog, "subscribe">;
  readonly isAway: () => boolean;
}

/** Creates an intake of a log. */
export function createIntake(
  { clock, log, isAway }: IntakeContext,
  { store, receive, reset, join, onFault }: IntakeHandlers,
): Intake {
  let ending: AbortController | null = null;
  let following = Promise.resolve();
  let joined: Joined | null = null;
  let head = ORIGIN;
  let waiting: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  function settle(): void {
    const asked = waiting;
    waiting = asked.filter(({ isOver }) => !isOver());
    for (const each of asked) if (!waiting.includes(each)) each.resolve();
  }

  /** Waits until something is so, or `ms` milliseconds. */
  async function wait(isOver: () => boolean, ms: number): Promise<void> {
    if (isOver()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ isOver, resolve });
    const callOff = clock.after(ms, resolve);
    await promise;
    callOff();
    waiting = waiting.filter((each) => each.resolve !== resolve);
  }

  function rejoin(now: Joined): void {
    const before = joined;
    reset(now.head);
    joined = now;
    const stood = before && { ...before, head };
    head = now.head;
    join(now, stood);
  }

  function take(events: readonly EncodedEvent[], retracted: readonly Position[]): void {
    const last = events.at(-1);
    if (last && comparePositions(last.id, head) <= 0) return;
    const before = head;
    store(events, retracted);
    if (!last) return;
    head = last.id;
    receive(events, before);
  }

  function write(delivery: LogMessage<EncodedEvent>): void {
    try {
      if (delivery.kind === "joined") rejoin(delivery);
      else take(delivery.events, delivery.retracted);
    } catch (thrown) {
      onFault(thrown); // one event's fault must not be the next one's
    }
    settle();
  }

  async function follow(own: AbortController): Promise<void> {
    // What was on its way when we stopped to follow is nobody's any more.
    const writeOwn = (delivery: LogMessage<EncodedEvent>) => {
      if (!own.signal.aborted) write(delivery);
    };
    try {
      await log.subscribe()
        .pipeThrough(new SseEncoderStream(onFault))
        .pipeTo(new WritableStream({ write: writeOwn }), { signal: own.signal });
    } catch (thrown) {
      if (!own.signal.aborted) onFault(thrown);
    }
    if (ending === own) ending = null;
  }

  async function joinSoon(): Promise<boolean> {
    await wait(() => joined !== null || isAway(), JOIN_MS);
    return joined !== null;
  }

  return {
    head: () => head,
    epoch: () => joined?.epoch ?? null,
    begin() {
      if (ending === null) {
        ending = new AbortController();
        following = follow(ending);
      }
      return joined !== null || joinSoon();
    },
    async reached(position) {
      if (ending === null) return;
      await wait(() => comparePositions(position, head) <= 0, REACH_MS);
    },
    async end() {
      ending?.abort();
      ending = null;
      joined = null;
      head = ORIGIN;
      for (const { resolve } of waiting) resolve();
      await following;
    },
  };
}
