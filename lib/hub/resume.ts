/**
 * Resumption: validates a client's cursor, and finds where the client begins and what it has missed.
 *
 * @module
 */
import { comparePositions, isPosition, ORIGIN, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { Gap } from "../wire/control_frames.ts";
import type { HubContext, LogConsumer } from "./log_consumer.ts";
import type { MergedTopics } from "./merge.ts";
import { isTruncatedAfter, type Part } from "./replay.ts";

/** The beginning of a stream. */
export interface Resumption {
  /** True if the client's cursor is honoured. False also for a client without one. */
  readonly isHonoured: boolean;
  readonly position: Position;
  /** A page of each topic of which the client has missed events, or may have. */
  readonly missed: readonly Part[];
}

/** Finds where clients begin. */
export class Resumer {
  constructor(private readonly context: HubContext, private readonly consumer: LogConsumer) {}

  /**
   * Finds where a client begins. Returns or resolves to null if the log does not answer, or a window is not filled.
   *
   * - Without a cursor: at the head. Most streams open so, and wait for nothing. With gaps if the topics are cut.
   * - With a cursor that is honoured: at the cursor, with a gap for each log topic that was truncated after it.
   * - Else: just before the oldest event that its log topics retain, with a gap for each; at the head if there is none.
   */
  resume(
    topics: MergedTopics,
    cursor: string | undefined,
  ): Resumption | null | Promise<Resumption | null> {
    if (cursor || topics.isCut) return this.resumeLate(topics, cursor);
    if (this.consumer.epoch === null || !topics.isFilled) return null;
    return { isHonoured: false, position: this.consumer.head, missed: [] };
  }

  /** Finds where a client begins that is open already. Without a cursor, it may have missed events since it opened. */
  async resumeLate(topics: MergedTopics, cursor: string | undefined): Promise<Resumption | null> {
    const { epoch } = this.consumer;
    if (epoch === null || !topics.isFilled) return null;
    try {
      const resumption = cursor && await this.#isHonoured(cursor, epoch)
        ? await this.#fromCursor(topics, cursor)
        : await this.#withoutHonouredCursor(topics, cursor ? epoch : null);
      // Another log may have begun meanwhile, of which this is not true.
      return this.consumer.epoch === epoch ? resumption : null;
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) return null;
      throw thrown;
    }
  }

  async #isHonoured(cursor: string, epoch: Position): Promise<boolean> {
    if (!isPosition(cursor) || comparePositions(cursor, epoch) < 0) return false;
    const isReceived = comparePositions(cursor, this.consumer.head) <= 0;
    if (!isReceived && this.consumer.isDown()) throw new StoreUnavailable(); // only the log knows later ids
    return await this.context.state.log.honours(cursor);
  }

  async #fromCursor(topics: MergedTopics, cursor: Position): Promise<Resumption> {
    const missed = (await topics.pages(cursor)).filter((page) => isTruncatedAfter(page, cursor));
    return { isHonoured: true, position: cursor, missed };
  }

  /** Begins before the oldest retained event of a log, if its epoch is given, else at the head. */
  async #withoutHonouredCursor(topics: MergedTopics, epoch: Position | null): Promise<Resumption> {
    const { head } = this.consumer; // the pages may lack what arrives while they are read
    const missed = await topics.pages(null);
    // The newest truncated id, else the epoch, is just before the oldest event.
    const starts = missed.filter((part) => epoch && part.oldestId && !part.topic.opensWhole)
      .map(({ truncatedAt }) => truncatedAt ?? epoch ?? ORIGIN);
    const position = [head, ...starts].toSorted(comparePositions)[0] ?? head;
    return { isHonoured: false, position, missed };
  }
}

/** Returns the gaps that a client is sent. */
export function gapsOf({ isHonoured, position, missed }: Resumption): Gap[] {
  const after = isHonoured ? position : null;
  return missed.map(({ topic, oldestId }) => ({ topic, after, before: oldestId }));
}
