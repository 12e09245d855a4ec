/**
 * How a stream opens: its windows, its place, what it opens with, its audience.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { comparePositions, ORIGIN, type Position } from "../core/position.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { BroadcastGroups } from "./broadcast_groups.ts";
import type { Chronicle } from "./stream_stats.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { encodeNotice, endOf, isNoticeDue } from "./termination.ts";
import { encodeOpening, openingFrames, shownFrames, topicFrames } from "./initial_frames.ts";
import type { Placing } from "./resync.ts";
import type { Starts } from "./resume.ts";
import type { Subscription } from "./topic_filter.ts";

/** What an entrance needs of its hub. */
export interface EntranceContext extends Pick<Runtime, "clock" | "random"> {
  readonly starts: Starts;
  readonly groups: BroadcastGroups;
  readonly chronicle: Pick<Chronicle, "begin">;
  readonly placing: Placing;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Position;
  readonly isAway: () => boolean;
  readonly isDraining: () => boolean;
  readonly bye: (reason: EndReason) => Uint8Array;
  readonly heartbeatMs: number;
  readonly streamMaxAgeMs: number;
  readonly retryMs: number;
}

/** Opens a stream, as `Hub.subscribe()` says. */
export type Entrance = (subscription: Subscription) => Promise<ReadableStream<Uint8Array> | null>;

/** Creates an entrance. */
export function createEntrance(
  { clock, random, starts, groups, chronicle, placing, head, isAway, ...context }: EntranceContext,
): Entrance {
  const { isDraining, bye, heartbeatMs, streamMaxAgeMs, retryMs } = context;

  async function begin(
    group: BroadcastGroup,
    { cursor: text, gone, withSnapshot = false, rightsEndAt = Infinity, onEnd }: Subscription,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const { follows, topics } = group;
    const reading = groups.refresh(group);
    if (reading) await reading;
    const hasAll = groups.hasAll(group);
    const start = await starts.of(follows, hasAll, text, withSnapshot);
    const { cursor, missed } = start;

    // From here on nothing waits: an event is either in the opening or comes after it.
    const isPlaced = start.isPlaced && groups.hasAll(group);
    const now = clock.now();
    const isResumed = cursor?.isHonoured ?? false;
    const end = endOf(follows);
    if (isPlaced && cursor?.isHonoured && !withSnapshot && end !== null) {
      if (comparePositions(cursor.position, end) >= 0) return null;
    }
    const position = cursor?.isHonoured ? cursor.position : isPlaced ? head() : ORIGIN;
    const sync = { retryMs, heartbeatMs, serverTime: now, isResumed, topics, gone };
    const opened = isResumed && !withSnapshot
      ? follows.flatMap(shownFrames)
      : isPlaced
      ? groups.opened(group)
      : follows.flatMap(topicFrames);
    const told = isPlaced && !isAway() ? position : null;
    const opening = encodeOpening(openingFrames(sync, missed.gaps, opened, told));
    const isNoticed = isNoticeDue(rightsEndAt, now);
    if (isNoticed) opening.push(encodeNotice(rightsEndAt, now));

    const standing = group.standing();
    const isInStep = isPlaced && standing.position === position && opening.length === 1;
    const client = new ClientStream({
      keeper: group,
      standing: isInStep ? standing : { position },
      opening,
      told: missed.told,
      number: chronicle.begin(group, isResumed),
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      rightsEndAt,
      onEnd,
    });
    client.isPlaced = isPlaced;
    client.isNoticed = isNoticed;
    group.join(client);
    const stream = new ReadableStream(client);
    const asked = cursor?.isHonoured ? cursor.position : null;
    if (isDraining()) client.end("drain", bye("drain")); // it came in while we went
    else if (!isPlaced) placing.add({ client, group, cursor: asked, epoch: null });
    return stream;
  }

  return async (subscription) => {
    const group = groups.hold(subscription.filters, subscription.maxRate);
    try {
      const stream = await begin(group, subscription);
      if (stream === null) groups.letGo(group);
      return stream;
    } catch (thrown) {
      groups.letGo(group);
      throw thrown;
    }
  };
}
