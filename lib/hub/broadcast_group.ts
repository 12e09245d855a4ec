/**
 * The clients of one isolate that requested the same topics, filter and rate. They receive the same chunks.
 *
 * @module
 */
import { kindOfStream } from "../core/metrics.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { TopicFilter } from "../core/topic.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { encodeAuth, encodeBye, gapFrames, heartbeatEncoder } from "../wire/control_frames.ts";
import { type EncodedEvent, encodeFrames, type Frame, joinBytes } from "../wire/sse.ts";
import { sharedTick } from "../wire/stream_body.ts";
import type { ClientStream, EndReason, SharedCursor, StreamOwner } from "./client_stream.ts";
import { FlushScheduler } from "./flush_scheduler.ts";
import type { HubContext, LogConsumer } from "./log_consumer.ts";
import { type Merged, MergedTopics } from "./merge.ts";
import { isTruncatedAfter } from "./replay.ts";
import { gapsOf, type Resumption } from "./resume.ts";
import type { WindowRegistry } from "./window_registry.ts";

/**
 * The size of a flush in bytes, unless one event is larger. HTTP/1.1 keeps a write buffer per client as large as its largest
 * chunk, until it disconnects. Measured: 16 KB chunks cost 22 KB more per client than 200-byte ones, 60 KB chunks 65 KB.
 */
const MAX_FLUSH_BYTES = 16_384;

/** The most positions whose merged events are cached for other clients there. Few, because each entry is a chunk. */
const MAX_CACHED_READS = 4;

/** The time after which a blocked client is ended, in milliseconds. */
const MAX_BLOCKED_MS = 60_000;

/** The age after which a snapshot is replaced, in milliseconds, because topics judge the freshness of their values by time. */
const MAX_SNAPSHOT_AGE_MS = 1000;

/** A number of events as one chunk, and the cursor of the clients that have received it. */
type Delivery = readonly [chunk: Uint8Array, events: number, next: SharedCursor];

/**
 * Clients that receive the same chunks. Invariants:
 *
 * 1. The group's cursor is at the head of the log, unless events are pending: then it is where the last flush ended.
 * 2. A client is in step if and only if it shares the group's cursor. It has then been sent everything up to there.
 * 3. Only the group's own cursor object changes; a lagging client gets a new one whenever it moves.
 * 4. A client with a position was sent every event up to it that passes the filter, unless conflation dropped the event or
 *    a `gap` reported it.
 * 5. A client that is not writable is sent nothing: it keeps its position and catches up.
 * 6. Every client stands in the list at its index, and no client that has ended does.
 *
 * The types enforce 3, the bytes that clients receive show 4, and `violations()` checks the others.
 */
export class BroadcastGroup implements StreamOwner {
  readonly topics: MergedTopics;
  readonly nextTick: () => Promise<void>;
  /** The number of its streams, including those that are opening. `BroadcastGroups` counts them. */
  streams = 0;
  /** The metric kinds of its topics, each once, and the metric kind of its streams. */
  readonly kinds: readonly string[];
  readonly kind: string;
  readonly #scheduler: FlushScheduler;
  readonly #clients: ClientStream[] = [];
  readonly clients: readonly ClientStream[] = this.#clients;
  readonly #reads = new Map<Position, Delivery>();
  #cursor: { position: Position };
  #hasPending = false;
  #flushedAt = -Infinity;
  #snapshot: { position: Position; madeAt: number; frames: Frame[] } | null = null;

  /** @param key Identifies the group in its registry. @param intervalMs The shortest time between two flushes. */
  constructor(
    private readonly context: HubContext,
    private readonly consumer: LogConsumer,
    windows: WindowRegistry,
    readonly key: string,
    filters: readonly TopicFilter[],
    intervalMs: number,
    private readonly onLeave: (client: ClientStream, reason: EndReason) => void,
  ) {
    this.topics = new MergedTopics(windows, filters);
    this.kinds = [...new Set(filters.map(({ topic }) => topic.metricKind))];
    this.kind = kindOfStream(filters.map(({ topic }) => topic));
    const flush = () => this.#flush();
    this.#scheduler = new FlushScheduler(context.clock, intervalMs, windows.bounds, flush);
    this.#cursor = { position: consumer.head };
    this.nextTick = sharedTick(context.clock);
  }

  /** The group's cursor, at the head if no events are pending. */
  get cursor(): SharedCursor {
    if (!this.#hasPending) this.#cursor.position = this.consumer.head;
    return this.#cursor;
  }

  /** Returns the snapshots of its topics for clients that begin at a position. They are cached for some time. */
  snapshot(position: Position): Frame[] {
    const [now, cached] = [this.context.clock.elapsed(), this.#snapshot];
    const isFresh = cached?.position === position && now - cached.madeAt < MAX_SNAPSHOT_AGE_MS;
    if (isFresh) return cached.frames;
    const frames = this.topics.snapshot(position);
    if (this.topics.isFilled) this.#snapshot = { position, madeAt: now, frames };
    return frames;
  }

  add(client: ClientStream): void {
    client.index = this.#clients.push(client) - 1;
    client.mayBeBehind = client.cursor !== this.#cursor;
  }

  leave(client: ClientStream, reason: EndReason): void {
    const last = this.#clients.pop();
    if (last && last !== client) {
      this.#clients[client.index] = last;
      last.index = client.index;
    }
    client.index = -1;
    if (this.#clients.length === 0) {
      this.#scheduler.stop();
      this.#clearPending();
    }
    this.onLeave(client, reason);
  }

  isLagging(client: ClientStream): boolean {
    return client.hasPosition && client.cursor !== this.cursor &&
      comparePositions(client.cursor.position, this.cursor.position) < 0;
  }

  /** Schedules a flush of events that have arrived in the windows. @param before The head before them. */
  published(events: readonly EncodedEvent[], before: Position): void {
    const passing = this.topics.passing(events);
    for (const event of passing) if (this.topics.isLogged(event)) this.#scheduler.count(event);
    if (passing.length > 0) this.#requestFlush(before);
  }

  /** Lets all clients catch up from the log, since the consumer has jumped. @param before The head before the jump. */
  jumped(before: Position): void {
    this.#forEach((client) => {
      client.mayBeBehind = true;
      client.excusedUpTo = this.consumer.head;
    });
    this.#requestFlush(before);
  }

  /** Forgets what is pending, since the log was lost. */
  reset(): void {
    this.forgetReads();
    this.#cursor = { position: this.consumer.head };
    this.#clearPending();
  }

  /** Gives a client a position, sends it the frames that announce it, and lets it catch up. */
  position(client: ClientStream, { position, missed }: Resumption, frames: readonly Frame[]): void {
    client.takePosition(position, this.consumer.head);
    client.recordGaps(missed);
    this.#send(client, encodeFrames(...frames));
    void this.catchUp(client);
  }

  /** Sends values that the log does not have. They have no ids, and do not wait for the next flush. */
  overlay(values: readonly EncodedEvent[]): void {
    const passing = this.topics.passing(values);
    if (passing.length === 0) return;
    this.forgetReads();
    const chunk = joinBytes(passing);
    this.#forEach((client) => {
      // A blocked client receives the newest of these values once it is writable.
      if (client.lacksUnlogged || !client.isWritable()) {
        client.lacksUnlogged = true;
        return client.wake();
      }
      this.#send(client, chunk, passing.length);
    });
  }

  waitForRoom(): void | Promise<void> {
    return this.#scheduler.waitForRoom();
  }

  /** Clears the caches, because they may contain events that were retracted or hidden. */
  forgetReads(): void {
    this.#reads.clear();
    this.#snapshot = null;
  }

  catchUp(client: ClientStream): void | Promise<void> {
    if (client.isReadingLog || client.hasRemaining) return;
    if (client.lacksUnlogged && client.isWritable()) {
      client.lacksUnlogged = false;
      const frames = this.topics.unloggedFrames();
      this.#send(client, encodeFrames(...frames), frames.length);
    }
    if (!client.hasPosition || this.#finish(client)) return;
    const { cursor } = this;
    if (client.cursor === cursor) return;
    const order = comparePositions(client.cursor.position, cursor.position);
    if (order > 0) return; // it opened ahead of the group: the next flush includes it
    if (order === 0) {
      client.cursor = cursor;
      client.mayBeBehind = false;
      return;
    }
    if (!client.isWritable()) return client.wake();
    if (this.topics.isBehind(client.cursor.position)) return this.#replay(client);
    client.mayBeBehind = false;
    this.#deliver(client, ...this.#read(client.cursor.position, cursor));
  }

  /** Sends due heartbeats and `auth`, and ends the clients that have expired, finished, or been blocked for too long. */
  maintain(): void {
    const { clock } = this.context;
    const [now, encode] = [clock.elapsed(), heartbeatEncoder(clock.now())];
    this.#reads.clear();
    this.#forEach((client) => this.#maintain(client, now, encode));
  }

  endAll(reason: EndReason): void {
    this.#forEach((client) => this.#end(client, reason));
  }

  /** Lists the invariants that do not hold, for tests. */
  violations(): string[] {
    const violations: string[] = [];
    const [{ head }, { position }] = [this.consumer, this.#cursor];
    const isAnyInStep = this.#clients.some(({ cursor }) => cursor === this.#cursor);
    if (comparePositions(position, head) > 0) violations.push(`${position} is past ${head}`);
    if (isAnyInStep && !this.#hasPending && !this.topics.isBehind(position)) {
      const { events } = this.topics.read(position, head, MAX_FLUSH_BYTES);
      if (events.length > 0) violations.push(`${events.length} due events are not pending`);
    }
    for (const [i, client] of this.#clients.entries()) {
      const isInStep = client.cursor === this.#cursor;
      if (isInStep && !client.hasPosition) violations.push(`client ${i} has no position`);
      if (client.isOverfull) violations.push(`client ${i} was sent a chunk while blocked`);
      if (client.index !== i) violations.push(`client ${i} has the index ${client.index}`);
    }
    return violations;
  }

  #requestFlush(before: Position): void {
    if (!this.#hasPending) this.#cursor.position = before;
    this.#hasPending = true;
    this.#scheduler.request();
  }

  #clearPending(): void {
    this.#hasPending = false;
    this.#scheduler.settle();
  }

  /** Enqueues the pending events as one chunk. A client in step costs a comparison, a check and an enqueue. */
  #flush(): void {
    this.#reads.clear();
    const from = this.#cursor;
    const { head } = this.consumer;
    const isLost = this.topics.isBehind(from.position);
    const { events, to, isWhole } = isLost
      ? { events: [], to: head, isWhole: true }
      : this.topics.read(from.position, head, MAX_FLUSH_BYTES);
    this.#cursor = { position: to };
    this.#hasPending = !isWhole;
    if (isWhole) this.#scheduler.settle();
    else this.#scheduler.continue(events.filter((event) => this.topics.isLogged(event)));

    const chunk = joinBytes(events);
    const isEmpty = chunk.byteLength === 0;
    if (!isEmpty) this.#flushedAt = this.context.clock.elapsed();
    this.#forEach((client) => {
      if (!client.isWritable()) return client.wake();
      if (client.cursor !== from || isLost) return void this.catchUp(client);
      client.cursor = this.#cursor;
      if (!isEmpty) client.send(chunk, events.length);
    });
    if (this.topics.terminalId !== null) this.#forEach((client) => void this.#finish(client));
  }

  #read(from: Position, group: SharedCursor): Delivery {
    const cached = this.#reads.get(from);
    if (cached) return cached;
    const { events, to, isWhole } = this.topics.read(from, group.position, MAX_FLUSH_BYTES);
    const next = isWhole ? group : { position: to };
    const delivery = [joinBytes(events), events.length, next] as const;
    const isShared = this.#clients.length > 1 && this.#reads.size < MAX_CACHED_READS;
    if (isShared) this.#reads.set(from, delivery);
    return delivery;
  }

  async #replay(client: ClientStream): Promise<void> {
    const start = client.cursor;
    client.isReadingLog = true;
    try {
      const to = this.cursor.position;
      const merged = await this.topics.replay(start.position, to, MAX_FLUSH_BYTES);
      const { events } = merged;
      const isDue = client.cursor === start && client.isWritable(); // else it lost its position, or was blocked
      if (isDue && !this.#reportGaps(client, merged)) return this.#end(client, "slow");
      if (isDue && client.isWritable()) {
        this.#deliver(client, joinBytes(events), events.length, { position: merged.to });
      }
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) return; // it keeps its position, and `maintain()` tries again
      this.context.onFault(thrown);
      return this.#end(client, "fault");
    } finally {
      client.isReadingLog = false;
    }
    return this.catchUp(client);
  }

  /** Reports truncated events with a `gap`. @returns False if the client lost them by being slow. */
  #reportGaps(client: ClientStream, { truncated }: Merged): boolean {
    const missed = truncated.filter((part) => client.lacksGap(part));
    if (missed.some((part) => isTruncatedAfter(part, client.excusedUpTo))) return false;
    client.recordGaps(missed);
    const gaps = gapsOf({ isHonoured: true, position: client.cursor.position, missed });
    this.#send(client, encodeFrames(...gapFrames(gaps)));
    return true;
  }

  #deliver(client: ClientStream, ...[chunk, events, next]: Delivery): void {
    client.cursor = next;
    if (next !== this.#cursor) client.wake(); // it lacks more
    this.#send(client, chunk, events);
    this.#finish(client);
  }

  #send(client: ClientStream, chunk: Uint8Array, events = 0): void {
    if (chunk.byteLength === 0) return;
    client.lastFrameAt = this.context.clock.elapsed();
    client.send(chunk, events);
  }

  #end(client: ClientStream, reason: EndReason): void {
    client.end(reason, encodeBye(reason, this.context.options.retryMs, this.context.random()));
  }

  /** Ends a client that has received the terminal event of every topic. @returns True if it did. */
  #finish(client: ClientStream): boolean {
    const { terminalId } = this.topics;
    if (terminalId === null || !client.hasPosition || client.hasRemaining) return false;
    if (comparePositions(client.cursor.position, terminalId) < 0) return false;
    this.#end(client, "finished");
    return true;
  }

  #maintain(client: ClientStream, now: number, encode: ReturnType<typeof heartbeatEncoder>): void {
    if (now >= client.facts.rightsExpireAt) return this.#end(client, "revoked");
    if (now >= client.facts.maxAgeAt) return this.#end(client, "max_age");
    if (this.#finish(client)) return;
    if (!client.isWritable()) return this.#checkBlocked(client, now);
    if (now >= client.warnAt) {
      client.warnAt = Infinity;
      this.#send(client, encodeAuth(client.facts.rightsExpireAt - now));
    }
    if (client.cursor !== this.cursor || client.lacksUnlogged) void this.catchUp(client);
    if (!client.isWritable()) return;
    const isInStep = client.cursor === this.#cursor;
    const sentAt = isInStep ? Math.max(this.#flushedAt, client.lastFrameAt) : client.lastFrameAt;
    if (now - sentAt < this.context.options.heartbeatMs) return;
    this.#send(client, encode(client.cursor.position));
  }

  /** Ends a client that is blocked for too long, or whose position was evicted from a window meanwhile. */
  #checkBlocked(client: ClientStream, now: number): void {
    client.blockedSince ??= now;
    client.wake();
    client.mayBeBehind ||= client.hasRemaining; // a large chunk is being sent: the log has what the client misses meanwhile
    const isEvicted = !client.mayBeBehind && this.topics.isBehind(client.cursor.position);
    if (isEvicted || now - client.blockedSince >= MAX_BLOCKED_MS) this.#end(client, "slow");
  }

  /** Visits each client, backwards: when a visited client leaves, the last one takes its index. */
  #forEach(visit: (client: ClientStream) => void): void {
    for (let i = this.#clients.length - 1; i >= 0; i--) {
      const client = this.#clients[i];
      if (client) visit(client);
    }
  }
}
