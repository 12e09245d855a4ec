/**
 * Validates cursors, finds gaps, and positions the clients that opened while the log did not answer,
 * or whose log was lost.
 *
 * @module
 */
import type { Joined } from "../core/event.ts";
import { comparePositions, isPosition, ORIGIN, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { type Gap, gapFrames, heartbeatFrame, withLastId } from "../wire/control_frames.ts";
import type { Frame } from "../wire/sse.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import type { ClientStream } from "./client_stream.ts";
import type { HubContext, LogConsumer, LogListener } from "./log_consumer.ts";
import { snapshotFrames, type Subscribed } from "./merge.ts";
import type { Part } from "./replay.ts";
import type { WindowRegistry } from "./window_registry.ts";

/** The interval at which clients without a position are tried again, in milliseconds. */
const RETRY_MS = 1000;

/** The beginning of a stream. */
export interface Resumption {
  /** True if the client's cursor is honoured. False also for a client without one. */
  readonly isHonoured: boolean;
  /** The position from which the client continues. */
  readonly position: Position;
  readonly gaps: readonly Gap[];
  /** By topic: the newest truncated id, which the gaps report. */
  readonly reportedGaps: ReadonlyMap<string, Position>;
}

/** A client that waits for a position. */
interface Waiting {
  readonly client: ClientStream;
  readonly group: BroadcastGroup;
  /** The cursor that it sent, or the position that it had in a log that was lost. */
  readonly cursor: string | undefined;
  /** The epoch of the log that replaced a lost one: the last `gap` carries it. */
  readonly newEpoch: Position | null;
}

/** Finds where clients begin. Those for whom the log cannot tell it yet wait here. */
export class Resumer implements LogListener {
  readonly #waiting = new Map<ClientStream, Waiting>();
  #isRunning = false;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly hub: HubContext,
    private readonly consumer: LogConsumer,
    private readonly windows: WindowRegistry,
    private readonly groups: BroadcastGroups,
  ) {
    consumer.listen(this);
  }

  /**
   * Finds where a client begins.
   *
   * - Without a cursor: at the head. Most streams open so, and at once.
   * - With a cursor that is honoured: at the cursor, with a gap for each log topic that was truncated after it.
   * - With a cursor that is not honoured: just before the oldest event that its log topics retain, with a gap for each; at
   *   the head if they retain none.
   *
   * Resolves to null if the log cannot tell it now.
   */
  resume(
    topics: readonly Subscribed[],
    cursor: string | undefined,
  ): Resumption | Promise<Resumption | null> {
    if (!cursor && this.#isReady(topics)) return this.#atHead();
    return this.#resume(topics, cursor, () => this.#atHead());
  }

  /** Lets a client without a position wait for one. */
  add(client: ClientStream, group: BroadcastGroup, cursor: string | undefined): void {
    this.#waiting.set(client, { client, group, cursor, newEpoch: null });
    this.#retry();
  }

  joined({ epoch }: Joined, before: Joined | null): void {
    if (before !== null && before.epoch !== epoch) this.#beginAnew(epoch);
    void this.#run();
  }

  /** Lets no client wait any more. */
  stop(): void {
    this.#waiting.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #isReady(topics: readonly Subscribed[]): boolean {
    return this.consumer.epoch !== null && topics.every(({ reader }) => reader.isFilled);
  }

  #atHead(): Resumption {
    return { isHonoured: false, position: this.consumer.head, gaps: [], reportedGaps: new Map() };
  }

  async #resume(
    topics: readonly Subscribed[],
    cursor: string | undefined,
    withoutCursor: () => Resumption | Promise<Resumption>,
  ): Promise<Resumption | null> {
    const { epoch } = this.consumer;
    if (epoch === null || !this.#isReady(topics)) return null;
    try {
      const resumption = !cursor
        ? await withoutCursor()
        : await this.#isHonoured(cursor, epoch)
        ? await this.#fromCursor(topics, cursor)
        : await this.#fromOldest(topics, epoch);
      // Another log may have begun meanwhile, of which this is not true.
      return this.consumer.epoch === epoch ? resumption : null;
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) return null;
      throw thrown;
    }
  }

  /** Only the log can validate a cursor that this isolate has not received. */
  async #isHonoured(cursor: string, epoch: Position): Promise<boolean> {
    if (!isPosition(cursor) || comparePositions(cursor, epoch) < 0) return false;
    const isReceived = comparePositions(cursor, this.consumer.head) <= 0;
    if (!isReceived && this.consumer.isDown()) throw new StoreUnavailable();
    return await this.hub.state.log.honours(cursor);
  }

  async #fromCursor(topics: readonly Subscribed[], cursor: Position): Promise<Resumption> {
    const behind = topics.filter((topic) => readsLog(topic) && topic.reader.isBehind(cursor));
    const pages = await pagesAfter(behind, cursor);
    const truncated = pages.filter(([_, { truncatedAt }]) =>
      truncatedAt !== null && comparePositions(truncatedAt, cursor) > 0
    );
    return { isHonoured: true, position: cursor, ...reportOf(truncated, cursor) };
  }

  async #fromOldest(topics: readonly Subscribed[], epoch: Position): Promise<Resumption> {
    const pages = await pagesAfter(topics.filter(readsLog), ORIGIN);
    // The newest truncated id, else the epoch, is just before the oldest event.
    const position = pages.filter(([_, { oldestId }]) => oldestId !== null)
      .map(([_, { truncatedAt }]) => truncatedAt ?? epoch)
      .sort(comparePositions)[0] ?? this.consumer.head;
    return { isHonoured: false, position, ...reportOf(pages, null) };
  }

  /** The log was lost: all clients begin anew in the new one, save those whose positions it honours. */
  #beginAnew(newEpoch: Position): void {
    for (const group of this.groups.all) {
      for (const client of group.clients) {
        const cursor = client.dropPosition() ?? this.#waiting.get(client)?.cursor;
        this.#waiting.set(client, { client, group, cursor, newEpoch });
      }
      group.reset();
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning || this.#waiting.size === 0) return;
    this.#isRunning = true;
    try {
      await this.#positionAll();
    } catch (thrown) {
      this.hub.onFault(thrown);
    }
    this.#isRunning = false;
    if (this.#waiting.size > 0) this.#retry();
  }

  #retry(): void {
    this.#cancel ??= this.hub.clock.after(RETRY_MS, () => {
      this.#cancel = undefined;
      void this.#run();
    });
  }

  async #positionAll(): Promise<void> {
    for (const client of this.#waiting.keys()) if (client.index < 0) this.#waiting.delete(client);
    if (this.#waiting.size === 0 || !this.consumer.isReadable()) return;
    await this.windows.refill();
    const results = await Promise.allSettled(
      [...this.#waiting.values()].map((each) => this.#position(each)),
    );
    // One fault tells as much as many of the same.
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #position(waiting: Waiting): Promise<void> {
    const { client, group, cursor } = waiting;
    if (!this.#canPosition(waiting)) return;
    // Events may have been lost since it opened: without a cursor, it begins at the head with gaps.
    const resumption = await this.#resume(group.subscribed, cursor, async () => ({
      ...this.#atHead(),
      ...reportOf(await pagesAfter(group.subscribed.filter(readsLog), ORIGIN), null),
    }));
    // The log may have been lost once more meanwhile, or the client blocked.
    if (resumption === null || !this.#canPosition(waiting)) return;
    this.#waiting.delete(client);
    const { position, reportedGaps } = resumption;
    group.position(client, position, reportedGaps, this.#framesOf(waiting, resumption));
  }

  #canPosition(waiting: Waiting): boolean {
    const { client, group } = waiting;
    return this.#waiting.get(client) === waiting && client.index >= 0 && client.isWritable() &&
      group.isFilled;
  }

  #framesOf({ group, newEpoch }: Waiting, { isHonoured, position, gaps }: Resumption): Frame[] {
    if (isHonoured) return gapFrames(gaps);
    return [
      ...newEpoch === null ? gapFrames(gaps) : withLastId(gapFrames(gaps), newEpoch),
      ...snapshotFrames(group.subscribed),
      heartbeatFrame(position, this.hub.clock.now()),
    ];
  }
}

type TopicPage = readonly [topic: string, page: Part];

function readsLog({ reader }: Subscribed): boolean {
  return reader.window.topic.kind === "log";
}

function pagesAfter(topics: readonly Subscribed[], from: Position): Promise<TopicPage[]> {
  return Promise.all(
    topics.map(async ({ reader }) =>
      [reader.window.topic.name, await reader.pageAfter(from)] as const
    ),
  );
}

/** Reports the topics of some pages as gaps. */
function reportOf(
  pages: readonly TopicPage[],
  after: Position | null,
): Pick<Resumption, "gaps" | "reportedGaps"> {
  return {
    gaps: pages.map(([topic, { oldestId }]) => ({ topic, after, before: oldestId })),
    reportedGaps: new Map(
      pages.flatMap(([topic, { truncatedAt }]) =>
        truncatedAt === null ? [] : [[topic, truncatedAt]]
      ),
    ),
  };
}
