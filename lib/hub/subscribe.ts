/**
 * Opens a stream: its windows, its position, its initial frames, its broadcast group.
 *
 * @module
 */
import { comparePositions, isPosition, ORIGIN } from "../core/position.ts";
import { type BroadcastGroup, type GroupContext, isWarningDue } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { encodeAuth, encodeBye, encodeInitialFrames, initialFrames } from "./frames.ts";
import type { TopicFilter } from "./merge.ts";
import type { ResumeQueue, Resumer, Resumption } from "./resume.ts";
import type { StreamStats } from "./stream_stats.ts";

/** The parameters of a stream. */
export interface Subscription {
  /** Unique, in an order that does not depend on the request. */
  readonly filters: readonly TopicFilter[];
  /** The names of topics that were requested and no longer exist: `sync` names them. */
  readonly gone?: readonly string[] | undefined;
  /** As the client sent it. */
  readonly cursor?: string | undefined;
  /** Opens every topic as without a cursor, and catches up from the cursor. */
  readonly withSnapshot?: boolean;
  /** The most deliveries per second. */
  readonly maxRate?: number | undefined;
  /** The time at which the earliest right expires, in milliseconds since the Unix epoch: the stream then ends `revoked`. */
  readonly rightsEndAt?: number | undefined;
  /** Called once, however the stream ends. */
  readonly onEnd?: (reason: EndReason) => void;
}

/** Opens streams. */
export class Subscriber {
  readonly #context: GroupContext;
  readonly #maxAgeMs: number;
  readonly #groups: BroadcastGroups;
  readonly #resumer: Resumer;
  readonly #queue: ResumeQueue;
  readonly #stats: StreamStats;
  #isDraining = false;

  constructor(
    context: GroupContext,
    maxAgeMs: number,
    groups: BroadcastGroups,
    resumer: Resumer,
    queue: ResumeQueue,
    stats: StreamStats,
  ) {
    this.#context = context;
    this.#maxAgeMs = maxAgeMs;
    this.#groups = groups;
    this.#resumer = resumer;
    this.#queue = queue;
    this.#stats = stats;
  }

  /** Ends every stream that opens from now on with `bye` `drain`. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Opens a stream. Resolves to null if its cursor is at or after the terminal events of all its topics. */
  async subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array> | null> {
    const group = this.#groups.acquire(subscription.filters, subscription.maxRate);
    try {
      const refreshing = group.refresh();
      if (refreshing) await refreshing;
      const resuming = this.#resumer.resume(group.subscribed, subscription.cursor);
      const resumption = "then" in resuming ? await resuming : resuming;
      if (resumption?.isHonoured && subscription.withSnapshot) {
        // A snapshot from before the cursor would never be brought up to it.
        await this.#context.consumer.received(resumption.position);
      }
      const stream = this.#open(group, subscription, group.isFilled ? resumption : null);
      if (stream === null) this.#groups.release(group);
      return stream;
    } catch (thrown) {
      this.#groups.release(group);
      throw thrown;
    }
  }

  /** Nothing waits in here: an event is either in the initial frames or comes after them. */
  #open(
    group: BroadcastGroup,
    { cursor, gone, withSnapshot = false, rightsEndAt = Infinity, onEnd }: Subscription,
    resumption: Resumption | null,
  ): ReadableStream<Uint8Array> | null {
    const { clock, consumer, random, retryMs, heartbeatMs } = this.#context;
    // A cursor that cannot be validated now is treated as honoured, and remains the client's position.
    const assumed = cursor && isPosition(cursor) ? cursor : null;
    const isResumed = resumption ? resumption.isHonoured : assumed !== null;
    const position = resumption ? resumption.position : assumed ?? ORIGIN;
    const { terminalId } = group;
    if (resumption?.isHonoured && !withSnapshot && terminalId !== null) {
      if (comparePositions(position, terminalId) >= 0) return null;
    }

    const now = clock.elapsed();
    const rightsExpireAt = now + rightsEndAt - clock.now();
    const sync = {
      isResumed,
      topics: group.topics,
      gone,
      retryMs,
      heartbeatMs,
      serverTime: clock.now(),
    };
    const snapshots = isResumed && !withSnapshot ? group.unloggedSnapshot() : group.snapshot();
    const id = resumption && !consumer.isDown() ? position : null;
    const chunks = encodeInitialFrames(initialFrames(sync, resumption?.gaps ?? [], snapshots, id));
    const isWarned = isWarningDue(rightsExpireAt, now);
    if (isWarned) chunks.push(encodeAuth(rightsExpireAt - now));

    const shared = group.cursor;
    const isInStep = resumption !== null && shared.position === position && chunks.length === 1;
    const client = new ClientStream({
      owner: group,
      cursor: isInStep ? shared : { position },
      hasPosition: resumption !== null,
      initialChunks: chunks,
      reportedGaps: resumption?.reportedGaps ?? new Map(),
      number: this.#stats.opened(group, isResumed),
      openedAt: now,
      maxAgeAt: now + this.#maxAgeMs * (0.9 + 0.2 * random()),
      rightsExpireAt,
      onEnd,
    });
    client.isWarned = isWarned;
    // A client that begins at the oldest event may lose it before its first read: that is not its own slowness.
    if (!resumption?.isHonoured) client.excusedUpTo = consumer.head;
    group.add(client);
    const stream = new ReadableStream(client);
    if (this.#isDraining) client.end("drain", encodeBye("drain", retryMs, random()));
    else if (resumption === null) this.#queue.add(client, group, cursor);
    return stream;
  }
}
