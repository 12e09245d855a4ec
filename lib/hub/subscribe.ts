/**
 * Opens a stream: its windows, its position, its initial frames, its broadcast group.
 *
 * @module
 */
import { comparePositions, isPosition, ORIGIN } from "../core/position.ts";
import type { TopicFilter } from "../core/topic.ts";
import { encodeAuth, encodeBye, encodeInitialFrames } from "../wire/control_frames.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import type { HubContext, LogConsumer } from "./log_consumer.ts";
import { gapsOf, type Resumer, type Resumption } from "./resume.ts";
import type { Resync } from "./resync.ts";
import type { StreamStats } from "./stream_stats.ts";

/** A client is sent an `auth` this long before its rights expire, in milliseconds. */
const WARN_BEFORE_MS = 60_000;

/** The parameters of a stream. */
export interface Subscription {
  /** Unique, in an order that does not depend on the request. */
  readonly filters: readonly TopicFilter[];
  /** The names of topics that were requested and no longer exist: `sync` names them. */
  readonly gone?: readonly string[] | undefined;
  readonly cursor?: string | undefined;
  /** Opens every topic as if no cursor had been sent, and catches up from the cursor. */
  readonly withSnapshot?: boolean;
  /** The most deliveries per second. */
  readonly maxRate?: number | undefined;
  /** The time at which the first right expires, in milliseconds since the Unix epoch: the stream then ends `revoked`. */
  readonly rightsEndAt?: number | undefined;
  /** Called once, however the stream ends. */
  readonly onEnd?: (reason: EndReason) => void;
}

/** Opens streams. */
export class Subscriber {
  #isDraining = false;

  constructor(
    private readonly context: HubContext,
    private readonly consumer: LogConsumer,
    private readonly groups: BroadcastGroups,
    private readonly resumer: Resumer,
    private readonly resync: Resync,
    private readonly stats: StreamStats,
  ) {}

  drain(): void {
    this.#isDraining = true;
    for (const group of this.groups.all) group.endAll("drain");
  }

  /** Opens a stream. Resolves to null if its cursor is at or after the terminal events of all its topics. */
  async subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array> | null> {
    const group = this.groups.acquire(subscription.filters, subscription.maxRate);
    try {
      const refreshing = group.topics.refresh();
      if (refreshing) await refreshing;
      const resuming = this.resumer.resume(group.topics, subscription.cursor);
      const resumption = resuming instanceof Promise ? await resuming : resuming;
      if (resumption?.isHonoured && subscription.withSnapshot) {
        // A snapshot from before the cursor would never be brought up to it.
        await this.consumer.received(resumption.position);
      }
      const stream = this.#open(group, subscription, group.topics.isFilled ? resumption : null);
      if (stream === null) this.groups.release(group);
      return stream;
    } catch (thrown) {
      this.groups.release(group);
      throw thrown;
    }
  }

  /** Opens a stream synchronously, so that an event is either in the initial frames or comes after them. */
  #open(
    group: BroadcastGroup,
    { filters, cursor, gone, withSnapshot = false, rightsEndAt = Infinity, onEnd }: Subscription,
    resumption: Resumption | null,
  ): ReadableStream<Uint8Array> | null {
    const { clock, random, options: { retryMs, heartbeatMs, streamMaxAgeMs } } = this.context;
    // A cursor that cannot be validated now is treated as honoured, and remains the client's position.
    const assumed = cursor && isPosition(cursor) ? cursor : null;
    const isResumed = resumption ? resumption.isHonoured : assumed !== null;
    const position = resumption ? resumption.position : assumed ?? ORIGIN;
    const { topics, topics: { terminalId } } = group;
    const isPast = terminalId !== null && comparePositions(position, terminalId) >= 0;
    if (resumption?.isHonoured && isPast && !withSnapshot) return null;

    const [now, serverTime] = [clock.elapsed(), clock.now()];
    const rightsExpireAt = now + rightsEndAt - serverTime;
    const warnAt = rightsExpireAt - WARN_BEFORE_MS;
    const sync = { isResumed, filters, gone, retryMs, heartbeatMs, serverTime };
    const gaps = resumption ? gapsOf(resumption) : [];
    const opened = isResumed && !withSnapshot ? topics.unloggedFrames() : group.snapshot(position);
    const id = resumption && !this.consumer.isDown() ? position : null;
    const chunks = encodeInitialFrames(sync, gaps, opened, id);
    if (now >= warnAt) chunks.push(encodeAuth(rightsExpireAt - now));

    const isInStep = resumption && group.cursor.position === position && chunks.length === 1;
    const number = this.stats.opened(group, isResumed);
    const maxAgeAt = now + streamMaxAgeMs * (0.9 + 0.2 * random()); // clients do not return together
    const facts = { number, openedAt: now, maxAgeAt, rightsExpireAt, onEnd };
    const client = new ClientStream(group, facts, isInStep ? group.cursor : { position }, chunks);
    client.hasPosition = resumption !== null;
    if (now < warnAt) client.warnAt = warnAt;
    if (resumption) client.recordGaps(resumption.missed);
    // A client that begins at the oldest event may lose it before its first read: it is not ended `slow` for that.
    if (!isResumed) client.excusedUpTo = this.consumer.head;
    group.add(client);
    const stream = new ReadableStream(client);
    if (this.#isDraining) client.end("drain", encodeBye("drain", retryMs, random()));
    else if (resumption === null) this.resync.add(client, group, cursor);
    return stream;
  }
}
