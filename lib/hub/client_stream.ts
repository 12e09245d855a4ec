/**
 * One client: a position, and the body of its response.
 *
 * @module
 */
import type { END_REASONS } from "../core/metrics.ts";
import { ORIGIN, type Position } from "../core/position.ts";
import { isTruncatedAfter, type Part } from "./replay.ts";

/** The reason for which a stream ends: that of its `bye`, or `gone` if the client disconnected. */
export type EndReason = typeof END_REASONS[number];

/**
 * A position that several clients share, and that only a broadcast group changes: its own. One comparison of references tells
 * whether a client is in step with its group.
 */
export interface SharedCursor {
  readonly position: Position;
}

/**
 * A chunk above the first size is sent in pieces of the second, in bytes, one per tick: HTTP/1.1 keeps a write buffer per
 * client as large as its largest chunk, until the client disconnects.
 */
const [MAX_WHOLE_BYTES, PIECE_BYTES] = [16_384, 4096];

/** The broadcast group, as a client's body sees it. */
export interface StreamOwner {
  /** Sends a writable client what it lacks. */
  catchUp(client: ClientStream): void | Promise<void>;
  /** Returns whether a client lacks events that it could receive now. */
  isLagging(client: ClientStream): boolean;
  /** Removes a client that has ended. */
  leave(client: ClientStream, reason: EndReason): void;
  /** Resolves on the next macrotask, the same for all clients that ask within one. */
  nextTick(): Promise<void>;
}

/** The properties of a stream that do not change. Times are the clock's `elapsed()`. */
export interface StreamFacts {
  /** Identifies the stream in the operator's log. */
  readonly number: number;
  readonly openedAt: number;
  readonly maxAgeAt: number;
  readonly rightsExpireAt: number;
  readonly onEnd: ((reason: EndReason) => void) | undefined;
}

/**
 * The source of one response's body. As a class, it takes the least memory of what was measured.
 *
 * Its states follow one sequence, and each may end:
 *
 * ```
 * unpositioned ──▶ lagging ◀─▶ in step ──▶ ended
 *       ▲             │           │
 *       └─ log lost ──┴───────────┘
 * ```
 *
 * - *unpositioned*: `hasPosition` is false. The client receives snapshots, values without ids and heartbeats, and no event.
 * - *lagging*: it has a cursor of its own. It catches up, or is ahead of its group and waits for the group to pass it.
 * - *in step*: it shares its group's cursor and receives the group's chunks.
 *
 * Beside its state, a client is *blocked* while it is not writable, and *mid-frame* while it is sent a large chunk in
 * pieces. Nothing is ever enqueued between two pieces.
 */
export class ClientStream implements UnderlyingDefaultSource<Uint8Array> {
  hasPosition = true;
  /** The index in its group's list: -1 once it has ended. */
  index = -1;
  /** The time of the last frame that was sent to it alone. */
  lastFrameAt: number;
  /** The time since which it is blocked. Null while it is writable. */
  blockedSince: number | null = null;
  isReadingLog = false;
  /** True while it may be behind the windows for another reason than its own slowness: then it is not ended `slow`. */
  mayBeBehind = false;
  /** Events that were truncated up to here are reported as a `gap`: the client could not have received them. */
  excusedUpTo: Position = ORIGIN;
  /** True while it lacks values without ids that were sent when it was blocked. */
  needsSnapshot = false;
  /** The time at which it is sent an `auth`. Infinity once it was. */
  warnAt = Infinity;
  /** The number of events that were sent to it, without the initial frames. */
  delivered = 0;
  /** By topic: truncation up to here was reported with a `gap`. */
  readonly #reportedGaps = new Map<string, Position>();
  #isMidFrame = false;
  /** Settles the pending pull. While one is pending, the runtime does not pull again. */
  #settlePull: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** Creates a client. @param rest The chunks to begin with, one per pull. Later, the pieces of a large chunk. */
  constructor(
    private readonly owner: StreamOwner,
    readonly facts: StreamFacts,
    public cursor: SharedCursor,
    private readonly rest: Uint8Array[],
  ) {
    this.lastFrameAt = facts.openedAt;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#sendRest();
  }

  /**
   * Called by the runtime whenever the client is writable, unless the last call is still pending. A client in step leaves it
   * pending: it receives chunks as they come.
   */
  pull(): void | Promise<void> {
    this.blockedSince = null;
    if (this.#isMidFrame) return this.#sendPiece();
    const work = this.#sendRest() ? undefined : this.owner.catchUp(this);
    if (work || !this.isWritable() || this.owner.isLagging(this)) return work;
    return new Promise((resolve) => this.#settlePull = resolve);
  }

  /** Lets the runtime pull again once the client is writable. */
  wake(): void {
    this.#settlePull?.();
    this.#settlePull = undefined;
  }

  cancel(): void {
    this.#leave("gone");
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
    this.#reportedGaps.clear();
    this.excusedUpTo = head;
    this.hasPosition = this.mayBeBehind = true;
  }

  /** Remembers that truncation is reported with a `gap`. */
  gapsReported(parts: readonly Part[]): void {
    for (const { topic, truncatedAt } of parts) {
      if (truncatedAt !== null) this.#reportedGaps.set(topic, truncatedAt);
    }
  }

  /** Returns whether a `gap` of this truncation is due. */
  lacksGap(part: Part): boolean {
    const reported = this.#reportedGaps.get(part.topic);
    return reported === undefined || isTruncatedAfter(part, reported);
  }

  /** True while chunks remain to be enqueued. */
  get hasRest(): boolean {
    return this.rest.length > 0;
  }

  /** True if it was sent a chunk while it was blocked, which must never happen. */
  get isOverfull(): boolean {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  /** Returns whether its socket takes a chunk, and no older chunk remains. */
  isWritable(): boolean {
    return this.rest.length === 0 && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Sends a chunk of so many events, after what remains of the chunks before it. May call `cancel()` before it returns. */
  send(chunk: Uint8Array, events = 0): void {
    this.delivered += events;
    if (this.rest.length > 0) this.rest.push(chunk);
    else if (chunk.byteLength <= MAX_WHOLE_BYTES) this.#controller?.enqueue(chunk);
    else {
      for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
        this.rest.push(chunk.subarray(at, at + PIECE_BYTES));
      }
      this.#isMidFrame = true;
      this.#sendRest();
      this.wake();
    }
  }

  /** Ends it with a last frame, as far as that can still be sent. */
  end(reason: EndReason, bye: Uint8Array): void {
    const controller = this.#controller;
    if (!controller) return;
    this.#leave(reason);
    try {
      // A frame that was begun is finished: `bye` would become a part of it.
      if (this.#isMidFrame) { for (const piece of this.rest) controller.enqueue(piece); }
      controller.enqueue(bye);
      controller.close();
    } catch {
      // The socket was closed meanwhile: the stream has ended either way.
    }
  }

  /** The pieces of one tick would leave together, as one large chunk. */
  async #sendPiece(): Promise<void> {
    await this.owner.nextTick();
    this.#sendRest();
  }

  /** Enqueues the next chunk that remains. @returns False if none remains. */
  #sendRest(): boolean {
    const chunk = this.rest.shift();
    if (chunk === undefined) return false;
    if (this.rest.length === 0) this.#isMidFrame = false;
    this.#controller?.enqueue(chunk);
    return true;
  }

  #leave(reason: EndReason): void {
    if (!this.#controller) return;
    this.#controller = undefined;
    this.owner.leave(this, reason);
    this.facts.onEnd?.(reason);
  }
}
