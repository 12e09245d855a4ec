/**
 * Where a client begins: validates cursors, finds the gaps, and gives clients a position that opened while the log did not
 * answer or whose log was lost.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Joined } from "../core/event.ts";
import { comparePositions, isPosition, ORIGIN, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { EventLog } from "../store/event_log.ts";
import type { Frame } from "../wire/sse.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import type { ClientStream } from "./client_stream.ts";
import { type Gap, gapFrames, heartbeatFrame, snapshotFrames, withLastId } from "./frames.ts";
import type { LogConsumer, LogListener } from "./log_consumer.ts";
import type { Subscribed } from "./merge.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The interval at which clients without a position are tried again, in milliseconds. */
const RETRY_MS = 1000;

/** The beginning of a stream. */
export interface Resumption {
  /** The client's cursor is honoured. False also for a client without one. */
  readonly isHonoured: boolean;
  /** The position from which the client continues. */
  readonly position: Position;
  readonly gaps: readonly Gap[];
  /** By topic: the newest truncated id, which the gaps report. */
  readonly reportedGaps: ReadonlyMap<string, Position>;
}

/** Validates cursors against the log. */
export class Resumer {
  readonly #log: Pick<EventLog, "honours">;
  readonly #consumer: LogConsumer;

  constructor(log: Pick<EventLog, "honours">, consumer: LogConsumer) {
    this.#log = log;
    this.#consumer = consumer;
  }

  /**
   * Finds where a client begins.
   *
   * - Without a cursor: at the head. Most streams open so, at once.
   * - With a cursor that is honoured: at the cursor, with a gap for each log topic that was truncated after it.
   * - With a cursor that is not honoured: just before the oldest event that its log topics retain, with a gap for each; at
   *   the head if they retain none.
   *
   * Resolves to null if that cannot be told now, since the log does not answer.
   */
  resume(
    topics: readonly Subscribed[],
    cursor: string | undefined,
  ): Resumption | Promise<Resumption | null> {
    if (!cursor && this.#isReady(topics)) return this.#atHead();
    return this.#resume(topics, cursor);
  }

  /** As {@linkcode Resumer.resume}, for a client that has waited without a position. Without a cursor, it has a gap. */
  async resumeLate(
    topics: readonly Subscribed[],
    cursor: string | undefined,
  ): Promise<Resumption | null> {
    const resumption = await this.#resume(topics, cursor);
    if (resumption === null || cursor) return resumption;
    return { ...await this.#fromOldest(topics), position: this.#consumer.head };
  }

  #isReady(topics: readonly Subscribed[]): boolean {
    return this.#consumer.epoch !== null && topics.every(({ reader }) => reader.isFilled);
  }

  #atHead(): Resumption {
    return { isHonoured: false, position: this.#consumer.head, gaps: [], reportedGaps: new Map() };
  }

  async #resume(
    topics: readonly Subscribed[],
    cursor: string | undefined,
  ): Promise<Resumption | null> {
    const { epoch } = this.#consumer;
    if (epoch === null || !this.#isReady(topics)) return null;
    try {
      const resumption = !cursor
        ? this.#atHead()
        : await this.#isHonoured(cursor, epoch)
        ? await this.#fromCursor(topics, cursor)
        : await this.#fromOldest(topics);
      // Another log may have begun meanwhile, of which this is not true.
      return this.#consumer.epoch === epoch ? resumption : null;
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) return null;
      throw thrown;
    }
  }

  /** Only the log can validate a cursor that this isolate has not received. */
  async #isHonoured(cursor: string, epoch: Position): Promise<boolean> {
    if (!isPosition(cursor) || comparePositions(cursor, epoch) < 0) return false;
    const isReceived = comparePositions(cursor, this.#consumer.head) <= 0;
    if (!isReceived && this.#consumer.isDown()) throw new StoreUnavailable();
    return await this.#log.honours(cursor);
  }

  async #fromCursor(topics: readonly Subscribed[], cursor: Position): Promise<Resumption> {
    const behind = logTopics(topics).filter(({ reader }) => reader.isBehind(cursor));
    const pages = await Promise.all(behind.map(({ reader }) => reader.pageAfter(cursor)));
    const gaps: Gap[] = [];
    const reportedGaps = new Map<string, Position>();
    for (const [i, { truncatedAt, oldestId }] of pages.entries()) {
      if (truncatedAt === null || comparePositions(truncatedAt, cursor) <= 0) continue;
      const topic = behind[i]?.reader.window.topic.name ?? "";
      gaps.push({ topic, after: cursor, before: oldestId });
      reportedGaps.set(topic, truncatedAt);
    }
    return { isHonoured: true, position: cursor, gaps, reportedGaps };
  }

  async #fromOldest(topics: readonly Subscribed[]): Promise<Resumption> {
    const logs = logTopics(topics);
    const pages = await Promise.all(logs.map(({ reader }) => reader.pageAfter(ORIGIN)));
    const gaps: Gap[] = [];
    const reportedGaps = new Map<string, Position>();
    let position: Position | null = null;
    for (const [i, { truncatedAt, oldestId }] of pages.entries()) {
      const topic = logs[i]?.reader.window.topic.name ?? "";
      gaps.push({ topic, after: null, before: oldestId });
      if (truncatedAt !== null) reportedGaps.set(topic, truncatedAt);
      if (oldestId === null) continue;
      // The newest truncated id, else the epoch, is just before the oldest event.
      const before: Position = truncatedAt ?? this.#consumer.epoch ?? ORIGIN;
      if (position === null || comparePositions(before, position) < 0) position = before;
    }
    const { head } = this.#consumer;
    return { isHonoured: false, position: position ?? head, gaps, reportedGaps };
  }
}

function logTopics(topics: readonly Subscribed[]): readonly Subscribed[] {
  return topics.filter(({ reader }) => reader.window.topic.kind === "log");
}

/** A client that waits for a position. */
interface WaitingClient {
  readonly client: ClientStream;
  readonly group: BroadcastGroup;
  /** The cursor that it sent, or the position that it had in a log that was lost. */
  readonly cursor: string | undefined;
  /** The epoch of the log that replaced its own: its last `gap` carries it. Null if its log was not lost. */
  readonly newEpoch: Position | null;
}

/** Clients without a position. Each gets one as soon as the log can tell it. */
export class ResumeQueue implements LogListener {
  readonly #clock: Clock;
  readonly #consumer: LogConsumer;
  readonly #windows: WindowRegistry;
  readonly #groups: BroadcastGroups;
  readonly #resumer: Resumer;
  readonly #onFault: (thrown: unknown) => void;
  readonly #waiting = new Map<ClientStream, WaitingClient>();
  #isRunning = false;
  #cancel: (() => void) | undefined;

  constructor(
    clock: Clock,
    consumer: LogConsumer,
    windows: WindowRegistry,
    groups: BroadcastGroups,
    resumer: Resumer,
    onFault: (thrown: unknown) => void,
  ) {
    this.#clock = clock;
    this.#consumer = consumer;
    this.#windows = windows;
    this.#groups = groups;
    this.#resumer = resumer;
    this.#onFault = onFault;
    consumer.listen(this);
  }

  /** Adds a client that opened without a position. */
  add(client: ClientStream, group: BroadcastGroup, cursor: string | undefined): void {
    this.#waiting.set(client, { client, group, cursor, newEpoch: null });
    this.#retry();
  }

  joined({ epoch }: Joined, before: Joined | null): void {
    if (before !== null && before.epoch !== epoch) this.#dropPositions(epoch);
    void this.#run();
  }

  /** Removes all clients. */
  clear(): void {
    this.#waiting.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** The log was lost: all clients begin anew in the new one, save those whose positions it honours. */
  #dropPositions(newEpoch: Position): void {
    for (const group of this.#groups.all) {
      for (const [client, position] of group.dropPositions()) {
        const cursor = position ?? this.#waiting.get(client)?.cursor;
        this.#waiting.set(client, { client, group, cursor, newEpoch });
      }
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning || this.#waiting.size === 0) return;
    this.#isRunning = true;
    try {
      await this.#positionAll();
    } catch (thrown) {
      this.#onFault(thrown);
    }
    this.#isRunning = false;
    if (this.#waiting.size > 0) this.#retry();
  }

  #retry(): void {
    this.#cancel ??= this.#clock.after(RETRY_MS, () => {
      this.#cancel = undefined;
      void this.#run();
    });
  }

  async #positionAll(): Promise<void> {
    for (const client of this.#waiting.keys()) if (client.index < 0) this.#waiting.delete(client);
    if (this.#waiting.size === 0 || !this.#consumer.isReadable()) return;
    await this.#windows.refill();
    const all = [...this.#waiting.values()];
    const results = await Promise.allSettled(all.map((each) => this.#position(each)));
    // One fault tells as much as many of the same.
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #position(waiting: WaitingClient): Promise<void> {
    const { client, group, cursor } = waiting;
    if (!this.#canPosition(waiting)) return;
    const resumption = await this.#resumer.resumeLate(group.subscribed, cursor);
    // The log may have been lost once more meanwhile, or the client blocked.
    if (resumption === null || !this.#canPosition(waiting)) return;
    this.#waiting.delete(client);
    const frames = this.#framesOf(waiting, resumption);
    group.position(client, resumption.position, resumption.reportedGaps, frames);
  }

  #canPosition(waiting: WaitingClient): boolean {
    const { client, group } = waiting;
    return this.#waiting.get(client) === waiting && client.index >= 0 && client.isWritable() &&
      group.isFilled;
  }

  #framesOf(
    { group, newEpoch }: WaitingClient,
    { isHonoured, position, gaps }: Resumption,
  ): Frame[] {
    if (isHonoured) return gapFrames(gaps);
    return [
      ...newEpoch === null ? gapFrames(gaps) : withLastId(gapFrames(gaps), newEpoch),
      ...snapshotFrames(group.subscribed),
      heartbeatFrame(position, this.#clock.now()),
    ];
  }
}
