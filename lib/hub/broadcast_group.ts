/**
 * The clients of one isolate that asked for the same: topics, filter and pace.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import { kindOfStream } from "../core/metrics.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import { createBacklog } from "./publish_backpressure.ts";
import type { ClientStream, EndReason, Keeper, SharedCursor, Told } from "./client_stream.ts";
import { endOf } from "./termination.ts";
import { heartbeats } from "./heartbeat.ts";
import type { LogReader } from "./replay.ts";
import { createPace } from "./flush_scheduler.ts";
import { createPaging, isAnyBehind } from "./catch_up.ts";
import { type Follow, joinBytes, passes, readBetween, shownTo } from "./merge.ts";
import { createRoster, type Roster } from "./clients.ts";
import { createSweep } from "./maintenance.ts";
import { createTurns } from "./next_tick.ts";
import type { WindowBounds } from "./window.ts";

/**
 * The most a client is given at once, in bytes: HTTP/1.1 keeps a write buffer per client as large as its biggest chunk,
 * until it disconnects (measured: 16 KB chunks cost 22 KB more a client than 200-byte ones, 60 KB chunks 65).
 */
const PIECE_BYTES = 16_384;

/** What was read for one client is kept for this many places, for others that stand there too: few, a chunk each. */
const MOST_READINGS = 4;

/** What an audience needs of its hub. */
export interface AudienceContext {
  readonly clock: Clock;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Position;
  /** What a client behind the windows is given, from the log. */
  readonly readLog: LogReader["read"];
  readonly bye: (reason: EndReason) => Uint8Array;
  /** A client of an audience has left it, and is at its end. */
  readonly onLeave: (group: BroadcastGroup, client: ClientStream, reason: EndReason) => void;
  /** Told of what must not happen. */
  readonly onFault: (thrown: unknown) => void;
  readonly heartbeatMs: number;
  /** How much a window holds. */
  readonly bounds: WindowBounds;
}

/** Clients that are handed the same bytes. */
export interface BroadcastGroup extends Keeper {
  readonly follows: readonly Follow[];
  /** The names of its topics, and of which kinds they are: of each one, and all together. */
  readonly topics: readonly string[];
  readonly kinds: readonly string[];
  readonly kind: string;
  readonly roster: Roster;
  /** The standing of those in step, brought up to the head where nothing is owed. */
  standing(): SharedCursor;
  join(client: ClientStream): void;
  /** Settles when enough was handed out for more to be published, or soon. */
  room(): void | Promise<void>;
  /** Says that events came into the windows. @param before The head before them. */
  deliver(events: readonly EncodedEvent[], before: Position): void;
  /** This isolate stands elsewhere in the log now. @param before Where it stood: nothing was owed up to there. */
  moved(before: Position): void;
  /** Gives up the places of all its clients. @returns Those clients. */
  unplace(): readonly ClientStream[];
  /** Gives a client that is ready its place, and tells it what it has to know. */
  position(client: ClientStream, position: Position, told: Told, chunk: Uint8Array): void;
  /** Shows values that the log does not have. */
  show(values: readonly EncodedEvent[]): void;
  /** Forgets what was read for one client and is kept for others. */
  forget(): void;
  /** Heartbeats to whom nothing was said for a while, word to whose rights end; ends whose time is up or who stall. */
  sweep(): void;
  endAll(reason: EndReason): void;
}

/** Creates an audience without clients. @param paceMs The least time between two flushes. */
export function createBroadcastGroup(
  context: AudienceContext,
  follows: readonly Follow[],
  paceMs: number,
): BroadcastGroup {
  const { clock, head, readLog, bye, onLeave, onFault, heartbeatMs, bounds } = context;
  const topics = follows.map(({ window }) => window.topic.name);
  const logs = new Set(topics.filter((_, i) => follows[i]?.window.topic.kind === "log"));
  const followOf = new Map(follows.map((follow) => [follow.window.topic.name, follow]));
  const roster = createRoster();
  let standing: SharedCursor = { position: head() };
  let isOwed = false;
  let flushedAt = -Infinity;
  /** What was read for one client since the last flush, for others at its place. */
  const readings = new Map<Position, { chunk: Uint8Array; count: number; next: SharedCursor }>();

  const backlog = createBacklog(clock, bounds);
  const pace = createPace(clock, paceMs, bounds, flush);
  const page = createPaging({
    clock,
    follows,
    readLog,
    pieceBytes: PIECE_BYTES,
    position: () => settle().position,
    give,
    end,
    onFault,
  });
  const sweep = createSweep({
    follows,
    heartbeatMs,
    standing: () => standing,
    flushedAt: () => flushedAt,
    catchUp,
    finish,
    end,
  });

  function settle(): SharedCursor {
    if (!isOwed) standing.position = head();
    return standing;
  }

  /** Nothing is owed any more. */
  function clear(): void {
    isOwed = false;
    backlog.clear();
  }

  function followFor(event: EncodedEvent): Follow | undefined {
    const follow = followOf.get(event.topic);
    return follow && passes(follow.tags, event) ? follow : undefined;
  }

  function flush(): void {
    readings.clear();
    const from = standing;
    const isLost = isAnyBehind(follows, from.position);
    const reading = readBetween(follows, from.position, head(), PIECE_BYTES);
    standing = { position: isLost ? head() : reading.to };
    isOwed = !isLost && !reading.isWhole;
    if (isOwed) pace.goOn();
    if (isOwed) backlog.take(reading.events.filter(({ topic }) => logs.has(topic)));
    else backlog.clear();

    const chunk = joinBytes(reading.events);
    const isEmpty = isLost || chunk.byteLength === 0;
    if (!isEmpty) flushedAt = clock.now();
    roster.each((client) => {
      if (!client.isWritable()) return client.wake();
      if (client.standing !== from || isLost) return void catchUp(client);
      client.standing = standing;
      if (!isEmpty) client.send(chunk, reading.events.length);
    });
    if (endOf(follows) !== null) roster.each(finish);
  }

  function catchUp(client: ClientStream): void | Promise<void> {
    if (client.isPaging || client.sendRest()) return;
    if (client.owesShown) sendShown(client);
    if (!client.isPlaced || finish(client)) return;
    const { position } = settle();
    if (client.standing === standing) return;

    const order = comparePositions(client.standing.position, position);
    if (order > 0) return; // it opened ahead of us: the next flush takes it in
    if (order === 0) {
      client.standing = standing;
      client.readsLog = false;
      return;
    }
    if (isAnyBehind(follows, client.standing.position)) return pageLog(client);

    client.readsLog = false;
    const from = client.standing.position;
    let found = readings.get(from);
    if (!found) {
      const { events, to, isWhole } = readBetween(follows, from, position, PIECE_BYTES);
      const next = isWhole ? standing : { position: to };
      found = { chunk: joinBytes(events), count: events.length, next };
      if (roster.size > 1 && readings.size < MOST_READINGS) readings.set(from, found);
    }
    give(client, found.chunk, found.next, found.count);
  }

  function give(client: ClientStream, chunk: Uint8Array, next: SharedCursor, events = 0): void {
    client.standing = next;
    if (next !== standing) client.wake(); // more is owed
    if (chunk.byteLength === 0) return;
    client.lastFrameAt = clock.now();
    client.send(chunk, events);
    finish(client);
  }

  async function pageLog(client: ClientStream): Promise<void> {
    if (await page(client)) return catchUp(client);
  }

  function sendShown(client: ClientStream): void {
    client.owesShown = false;
    const values = follows.flatMap(shownTo);
    give(client, joinBytes(values), client.standing, values.length);
  }

  function end(client: ClientStream, reason: EndReason): void {
    client.end(reason, bye(reason));
  }

  /** Ends who has been told all there will ever be. @returns Whether it did. */
  function finish(client: ClientStream): boolean {
    const last = endOf(follows);
    if (last === null || !client.isPlaced || client.hasRest) return false;
    if (comparePositions(client.standing.position, last) < 0) return false;
    end(client, "finished");
    return true;
  }

  const group: BroadcastGroup = {
    follows,
    topics,
    kinds: [...new Set(follows.map(({ window }) => window.topic.metricKind))],
    kind: kindOfStream(follows.map(({ window }) => window.topic)),
    roster,
    standing: settle,
    join(client) {
      roster.add(client);
      client.readsLog = client.standing !== standing;
    },
    leave(client, reason) {
      roster.remove(client);
      if (roster.size === 0) {
        pace.stop();
        clear();
      }
      onLeave(group, client, reason);
    },
    catchUp,
    room: backlog.room,
    nextTurn: createTurns(clock),
    deliver(events, before) {
      let isOurs = false;
      for (const event of events) {
        if (!followFor(event)) continue;
        isOurs = true;
        if (!logs.has(event.topic)) continue;
        pace.count(event.bytes.byteLength);
        backlog.add(event);
      }
      if (!isOurs) return;
      if (!isOwed) standing.position = before;
      isOwed = true;
      pace.ask();
    },
    moved(before) {
      if (!isOwed) standing.position = before;
      isOwed = true;
      roster.each((client) => {
        client.readsLog = true;
        client.mayMissTo = head();
      });
      pace.ask();
    },
    unplace() {
      const all = roster.all();
      for (const client of all) client.loseStanding();
      readings.clear();
      standing = { position: head() };
      clear();
      return all;
    },
    position(client, position, told, chunk) {
      client.stand(position, told, head());
      give(client, chunk, client.standing);
      void catchUp(client);
    },
    show(values) {
      const ours = values.filter(followFor);
      if (ours.length === 0) return;
      const chunk = joinBytes(ours);
      const now = clock.now();
      roster.each((client) => {
        client.owesShown ||= !client.isWritable();
        if (client.owesShown) return client.wake();
        client.lastFrameAt = now;
        client.send(chunk, ours.length);
      });
    },
    forget: () => readings.clear(),
    sweep() {
      const now = clock.now();
      const beat = heartbeats(now);
      readings.clear();
      settle();
      roster.each((client) => sweep(client, now, beat));
    },
    endAll(reason) {
      roster.each((client) => end(client, reason));
    },
  };
  return group;
}
