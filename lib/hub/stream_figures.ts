/**
 * How streams are doing: looked at client by client when somebody asks, so that nothing is counted on the way of an event.
 *
 * @module
 */
import { HUNG_MS, type StreamFigures } from "../core/metrics.ts";
import { comparePositions } from "../core/position.ts";
import type { BroadcastGroup } from "./broadcast_group.ts";
import type { ClientStream, SharedCursor } from "./client_stream.ts";

const NONE: StreamFigures = { open: 0, lagging: 0, hung: 0, delivered: 0 };

/** Who opened ahead of its audience, or has no place yet, is owed nothing. */
function isLagging({ standing, isPlaced }: ClientStream, group: SharedCursor): boolean {
  if (standing === group || !isPlaced) return false;
  return comparePositions(standing.position, group.position) < 0;
}

function isHung({ blockedSince }: ClientStream, now: number): boolean {
  return blockedSince !== null && now - blockedSince >= HUNG_MS;
}

/**
 * Counts streams by the kind of their topics.
 *
 * @param past What streams that have ended were given, in events.
 */
export function tally(
  groups: Iterable<BroadcastGroup>,
  past: ReadonlyMap<string, number>,
  now: number,
): ReadonlyMap<string, StreamFigures> {
  const all = new Map<string, StreamFigures>();
  for (const [kind, delivered] of past) all.set(kind, { ...NONE, delivered });
  for (const group of groups) {
    const { kind } = group;
    const standing = group.standing();
    let { open, lagging, hung, delivered } = all.get(kind) ?? NONE;
    group.roster.each((client) => {
      open++;
      if (isLagging(client, standing)) lagging++;
      if (isHung(client, now)) hung++;
      delivered += client.delivered;
    });
    all.set(kind, { open, lagging, hung, delivered });
  }
  return all;
}
