/**
 * One client: a position, and the body of its response.
 *
 * @module
 */
import type { END_REASONS } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import { StreamBody } from "../wire/stream_body.ts";
import { isTruncatedAfter, type Part } from "./replay.ts";

/** The reason for which a stream ends: that of its `bye`, or `gone` if the client disconnected. */
export type EndReason = typeof END_REASONS[number];

/** A position that several clients share. A client is in step with its group if they share the object. */
export interface SharedCursor {
  readonly position: Position;
}

/** The broadcast group, as a client's body sees it. */
export interface StreamOwner {
  catchUp(client: ClientStream): void | Promise<void>;
  /** Returns true if the position of a client is behind that of its group. */
  isLagging(client: ClientStream): boolean;
  leave(client: ClientStream, reason: EndReason): void;
  /** Resolves on the next macrotask. All calls before that share one promise. */
  nextTick(): Promise<void>;
}

/** The properties of a stream that do not change. Times are the clock's `elapsed()`. */
export interface StreamFacts {
  readonly number: number;
  readonly openedAt: number;
  readonly maxAgeAt: number;
  readonly rightsExpireAt: number;
  readonly onEnd: ((reason: EndReason) => void) | undefined;
}

/**
 * A client, as the source of its response's body. It may end in any of its states:
 *
 * ```
 * unpositioned ──▶ lagging ◀─▶ in step ──▶ ended
 *       ▲             │           │
 *       └─ log lost ──┴───────────┘
 * ```
 *
 * - *unpositioned*: `hasPosition` is false. The client receives snapshots, values without ids and heartbeats, and no event.
 * - *lagging*: it has a separate cursor. It catches up, or is ahead of its group and waits for the group to pass it.
 * - *in step*: it shares its group's cursor and receives the group's chunks.
 */
export class ClientStream extends StreamBody {
  hasPosition = true;
  /** Its index in its group's list: -1 once it has ended. */
  index = -1;
  /** The time of the last frame that was sent to it alone. */
  lastFrameAt: number;
  /** The time at which it was first found blocked since the runtime last pulled. Null while it was not. */
  blockedSince: number | null = null;
  isReadingLog = false;
  /** True while it may be behind the windows for another reason than being slow: then it is not ended `slow`. */
  mayBeBehind = false;
  /** Events that were truncated up to here are reported as a `gap`: the client could not have received them. */
  excusedUpTo: Position = ORIGIN;
  /** True while it lacks values without ids that were sent when it was blocked. */
  lacksUnlogged = false;
  /** The time at which it is sent an `auth`. Infinity once it was. */
  warnAt = Infinity;
  /** The number of events that were sent to it, without the initial frames. */
  delivered = 0;
  /** By topic: truncation up to here was reported with a `gap`. */
  #reportedGaps: Map<string, Position> | undefined; // few clients have any

  /** Creates a client. @param chunks The chunks to begin with, one per pull. */
  constructor(
    private readonly owner: StreamOwner,
    readonly facts: StreamFacts,
    public cursor: SharedCursor,
    chunks: Uint8Array[],
  ) {
    super(chunks);
    this.lastFrameAt = facts.openedAt;
  }

  /** Moves it to *unpositioned*. @returns The position it had, null if it had none. */
  dropPosition(): Position | null {
    const dropped = this.hasPosition ? this.cursor.position : null;
    this.cursor = { position: ORIGIN };
    this.hasPosition = false;
    this.mayBeBehind = true;
    return dropped;
  }

  /** Moves it from *unpositioned* to *lagging*. @param head The head of the log: truncation up to here is excused. */
  takePosition(position: Position, head: Position): void {
    this.cursor = { position };
    this.#reportedGaps = undefined;
    this.excusedUpTo = head;
    this.hasPosition = this.mayBeBehind = true;
  }

  /** Records that the truncation of these parts is reported with a `gap`. */
  recordGaps(parts: readonly Part[]): void {
    for (const { topic, truncatedAt } of parts) {
      if (truncatedAt !== null) (this.#reportedGaps ??= new Map()).set(topic.name, truncatedAt);
    }
  }

  /** Returns true if a `gap` of this truncation is due. */
  lacksGap(part: Part): boolean {
    const reported = this.#reportedGaps?.get(part.topic.name);
    return reported === undefined || isTruncatedAfter(part, reported);
  }

  send(chunk: Uint8Array, events = 0): void {
    this.delivered += events;
    this.enqueue(chunk);
  }

  /** Ends it, with a last frame if it has not disconnected. */
  end(reason: EndReason, bye: Uint8Array | null): void {
    if (!this.close(bye)) return;
    this.owner.leave(this, reason);
    this.facts.onEnd?.(reason);
  }

  override cancel(): void {
    this.end("gone", null);
  }

  override pull(): void | Promise<void> {
    this.blockedSince = null;
    return super.pull();
  }

  protected override supply(): boolean | Promise<void> {
    return this.owner.catchUp(this) ?? this.owner.isLagging(this);
  }

  protected override nextTick(): Promise<void> {
    return this.owner.nextTick();
  }
}
