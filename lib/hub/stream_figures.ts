/**
 * How streams are doing: looked at client by client when somebody asks, so that nothing is counted on the way of an event.
 *
 * @module
 */
import { HUNG_MS, type StreamFigures, type TopicKind } from "../core/metrics.ts";
import { comparePlaces } from "../core/position.ts";
import type { Audience } from "./broadcast_group.ts";
import type { ClientStream, Standing } from "./client_stream.ts";

const NONE: StreamFigures = { open: 0, lagging: 0, hung: 0, delivered: 0 };

/** Who opened ahead of its audience, or has no place yet, is owed nothing. */
function isLagging({ standing, isPlaced }: ClientStream, audience: Standing): boolean {
  if (standing === audience || !isPlaced) return false;
  return comparePlaces(standing.place, audience.place) < 0;
}

function isHung({ stalledSince }: ClientStream, now: number): boolean {
  return stalledSince !== null && now - stalledSince >= HUNG_MS;
}

/**
 * Counts streams by the kind of their topics.
 *
 * @param past What streams that have ended were given, in events.
 */
export function tally(
  audiences: Iterable<Audience>,
  past: ReadonlyMap<TopicKind, number>,
  now: number,
): ReadonlyMap<TopicKind, StreamFigures> {
  const all = new Map<TopicKind, StreamFigures>();
  for (const [kind, delivered] of past) all.set(kind, { ...NONE, delivered });
  for (const audience of audiences) {
    const { kind } = audience;
    const standing = audience.standing();
    let { open, lagging, hung, delivered } = all.get(kind) ?? NONE;
    audience.roster.each((client) => {
      open++;
      if (isLagging(client, standing)) lagging++;
      if (isHung(client, now)) hung++;
      delivered += client.delivered;
    });
    all.set(kind, { open, lagging, hung, delivered });
  }
  return all;
}
