/**
 * How a stream opens: its windows, its place, what it opens with, its audience.
 *
 * @module
 */
import type { World } from "../core/world.ts";
import { comparePlaces, NOWHERE, type Place } from "../core/place.ts";
import type { Audiences } from "./audiences.ts";
import type { Chronicle } from "./chronicle.ts";
import { ClientStream, type EndReason } from "./client_stream.ts";
import { encodeNotice, endOf, isNoticeDue } from "./ending.ts";
import { encodeOpening, openingFrames, shownFrames, topicFrames } from "./opening.ts";
import type { Placing } from "./placing.ts";
import type { Starts } from "./start.ts";
import type { Subscription, Wish } from "./subscription.ts";
import type { Holding, Windows } from "./windows.ts";

/** What an entrance needs of its hub. */
export interface EntranceContext extends Pick<World, "clock" | "random"> {
  readonly windows: Pick<Windows, "open">;
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
  { clock, random, windows, starts, audiences, chronicle, placing, head, isAway, ...context }:
    EntranceContext,
): Entrance {
  const { isDraining, bye, heartbeatMs, streamMaxAgeMs, retryMs } = context;

  async function openAll(wishes: readonly Wish[]): Promise<Holding[]> {
    const results = await Promise.allSettled(wishes.map(({ topic }) => windows.open(topic)));
    const holdings = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const failed = results.find((each) => each.status === "rejected");
    if (!failed) return holdings;
    for (const holding of holdings) holding.release();
    throw failed.reason;
  }

  async function begin(
    subscription: Subscription,
    holdings: readonly Holding[],
    onEnd: (reason: EndReason) => void,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const { wishes, gone, withSnapshot = false, maxRate, rightsEndAt = Infinity } = subscription;
    const follows = wishes.flatMap(({ tags }, i) => {
      const window = holdings[i]?.window;
      return window ? [{ window, tags: tags && new Set(tags) }] : [];
    });
    const { cursor, missed, ...start } = await starts.of(
      follows,
      holdings,
      subscription.cursor,
      withSnapshot,
    );

    // From here on nothing waits: an event is either in the opening or comes after it.
    const isPlaced = start.isPlaced && holdings.every((holding) => holding.isFilled);
    const now = clock.now();
    const isResumed = cursor?.isHonoured ?? false;
    const end = endOf(follows);
    if (isPlaced && cursor?.isHonoured && !withSnapshot && end !== null) {
      if (comparePlaces(cursor.place, end) >= 0) return null;
    }
    const audience = audiences.of(follows, maxRate);
    const place = cursor?.isHonoured ? cursor.place : isPlaced ? head() : NOWHERE;
    const topics = wishes.map(({ topic }) => topic.name);
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
    const ended = chronicle.begin({ topics, isResumed });
    const client = new ClientStream({
      keeper: audience,
      standing: isInStep ? standing : { place },
      opening,
      told: missed.told,
      openedAt: now,
      expiresAt: now + streamMaxAgeMs * (0.9 + 0.2 * random()),
      rightsEndAt,
      onEnd(reason) {
        audiences.tidy(audience);
        ended(reason, client.delivered);
        onEnd(reason);
      },
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
    const holdings = await openAll(subscription.wishes);
    const release = () => holdings.forEach((holding) => holding.release());
    try {
      const stream = await begin(subscription, holdings, (reason) => {
        release();
        subscription.onEnd?.(reason);
      });
      if (stream === null) release();
      return stream;
    } catch (thrown) {
      release();
      throw thrown;
    }
  };
}
