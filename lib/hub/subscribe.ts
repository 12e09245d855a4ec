/**
 * How a stream opens: its windows, its place, what it opens with, its audience.
 *
 * @module
 */
import type { World } from "../core/runtime.ts";
import { comparePlaces, NOWHERE, type Place } from "../core/position.ts";
import type { Audience } from "./broadcast_group.ts";
import type { Audiences } from "./broadcast_groups.ts";
import type { Chronicle } from "./stream_stats.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { encodeNotice, endOf, isNoticeDue } from "./termination.ts";
import { encodeOpening, openingFrames, shownFrames, topicFrames } from "./initial_frames.ts";
import type { Placing } from "./resync.ts";
import type { Starts } from "./resume.ts";
import type { Subscription } from "./topic_filter.ts";

/** What an entrance needs of its hub. */
export interface EntranceContext extends Pick<World, "clock" | "random"> {
  readonly starts: Starts;
  readonly audiences: Audiences;
  readonly chronicle: Pick<Chronicle, "begin">;
  readonly placing: Placing;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Place;
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
  { clock, random, starts, audiences, chronicle, placing, head, isAway, ...context }:
    EntranceContext,
): Entrance {
  const { isDraining, bye, heartbeatMs, streamMaxAgeMs, retryMs } = context;

  async function begin(
    audience: Audience,
    { cursor: text, gone, withSnapshot = false, rightsEndAt = Infinity, onEnd }: Subscription,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const { follows, topics } = audience;
    const reading = audiences.refresh(audience);
    if (reading) await reading;
    const hasAll = audiences.hasAll(audience);
    const start = await starts.of(follows, hasAll, text, withSnapshot);
    const { cursor, missed } = start;

    // From here on nothing waits: an event is either in the opening or comes after it.
    const isPlaced = start.isPlaced && audiences.hasAll(audience);
    const now = clock.now();
    const isResumed = cursor?.isHonoured ?? false;
    const end = endOf(follows);
    if (isPlaced && cursor?.isHonoured && !withSnapshot && end !== null) {
      if (comparePlaces(cursor.place, end) >= 0) return null;
    }
    const place = cursor?.isHonoured ? cursor.place : isPlaced ? head() : NOWHERE;
    const sync = { retryMs, heartbeatMs, serverTime: now, isResumed, topics, gone };
    const opened = isResumed && !withSnapshot
      ? follows.flatMap(shownFrames)
      : isPlaced
      ? audiences.opened(audience)
      : follows.flatMap(topicFrames);
    const told = isPlaced && !isAway() ? place : null;
    const opening = encodeOpening(openingFrames(sync, missed.gaps, opened, told));
    const isNoticed = isNoticeDue(rightsEndAt, now);
    if (isNoticed) opening.push(encodeNotice(rightsEndAt, now));

    const standing = audience.standing();
    const isInStep = isPlaced && standing.place === place && opening.length === 1;
    const client = new ClientStream({
      keeper: audience,
      standing: isInStep ? standing : { place },
      opening,
      told: missed.told,
      number: chronicle.begin(audience, isResumed),
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      rightsEndAt,
      onEnd,
    });
    client.isPlaced = isPlaced;
    client.isNoticed = isNoticed;
    audience.join(client);
    const stream = new ReadableStream(client);
    const asked = cursor?.isHonoured ? cursor.place : null;
    if (isDraining()) client.end("drain", bye("drain")); // it came in while we went
    else if (!isPlaced) placing.add({ client, audience, cursor: asked, birth: null });
    return stream;
  }

  return async (subscription) => {
    const audience = audiences.hold(subscription.wishes, subscription.maxRate);
    try {
      const stream = await begin(audience, subscription);
      if (stream === null) audiences.letGo(audience);
      return stream;
    } catch (thrown) {
      audiences.letGo(audience);
      throw thrown;
    }
  };
}
