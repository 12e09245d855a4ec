/**
 * The clients of one isolate that asked for the same: topics, filter and pace.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import { comparePlaces, type Place } from "../core/place.ts";
import { StoreAway } from "../store/away.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { ClientStream, EndReason, Keeper, Standing, Told } from "./client_stream.ts";
import { heartbeats } from "./heartbeat.ts";
import { isBehind, type LogReader, type Loss } from "./log_reader.ts";
import { encodeGaps } from "./opening.ts";
import { createPace } from "./pace.ts";
import { type Follow, joinBytes, passes, readBetween, shownTo } from "./read.ts";
import { createRoster, type Roster } from "./roster.ts";

/**
 * The most a client is given at once, in bytes: HTTP/1.1 keeps a write buffer per client as large as its biggest chunk,
 * until it disconnects (measured: 16 KB chunks cost 22 KB more a client than 200-byte ones, 60 KB chunks 65).
 */
const PIECE_BYTES = 16_384;

/** A client that had no room for this long is let go, in milliseconds. */
const MOST_STALLED_MS = 60_000;

/** What was read for one client is kept for this many places, for others that stand there too: few, a chunk each. */
const MOST_READINGS = 4;

/** What an audience needs of its hub. */
export interface AudienceContext {
  readonly clock: Clock;
  /** The place of the newest event this isolate has received. */
  readonly head: () => Place;
  /** What a client behind the windows is given, from the log. */
  readonly readLog: LogReader["read"];
  readonly bye: (reason: EndReason) => Uint8Array;
  /** Told of what must not happen. */
  readonly onFault: (thrown: unknown) => void;
  readonly heartbeatMs: number;
  /** The windows' largest number of events. */
  readonly windowEvents: number;
}

/** Clients that are handed the same bytes. */
export interface Audience extends Keeper {
  readonly follows: readonly Follow[];
  readonly roster: Roster;
  /** The standing of those in step, brought up to the head where nothing is owed. */
  standing(): Standing;
  join(client: ClientStream): void;
  /** Says that events came into the windows. @param before The head before them. */
  deliver(events: readonly EncodedEvent[], before: Place): void;
  /** This isolate stands elsewhere in the log now. @param before Where it stood: nothing was owed up to there. */
  moved(before: Place): void;
  /** Gives up the places of all its clients. @returns Those clients. */
  unplace(): readonly ClientStream[];
  /** Gives a client that is ready its place, and tells it what it has to know. */
  place(client: ClientStream, place: Place, told: Told, chunk: Uint8Array): void;
  /** Shows values that the log does not have. */
  show(values: readonly EncodedEvent[]): void;
  /** Forgets what was read for one client and is kept for others. */
  forget(): void;
  /** Heartbeats to whom nothing was said for a while; ends whose time is up or who stall. */
  sweep(): void;
  endAll(reason: EndReason): void;
}

/** Creates an audience without clients. @param paceMs The least time between two flushes. */
export function createAudience(
  context: AudienceContext,
  follows: readonly Follow[],
  paceMs: number,
): Audience {
  const { clock, head, readLog, bye, onFault, heartbeatMs, windowEvents } = context;
  const followOf = new Map(follows.map((follow) => [follow.window.topic.name, follow]));
  const roster = createRoster();
  let standing: Standing = { place: head() };
  let isOwed = false;
  let flushedAt = -Infinity;
  /** What was read for one client since the last flush, for others at its place. */
  const readings = new Map<Place, { chunk: Uint8Array; count: number; next: Standing }>();

  const pace = createPace(clock, paceMs, windowEvents / 4, flush);

  function settle(): Standing {
    if (!isOwed) standing.place = head();
    return standing;
  }

  function followFor(event: EncodedEvent): Follow | undefined {
    const follow = followOf.get(event.topic);
    return follow && passes(follow.tags, event) ? follow : undefined;
  }

  function isAnyBehind(place: Place): boolean {
    return follows.some((follow) => isBehind(follow, place));
  }

  function flush(): void {
    readings.clear();
    const from = standing;
    const isLost = isAnyBehind(from.place);
    const reading = readBetween(follows, from.place, head(), PIECE_BYTES);
    standing = { place: isLost ? head() : reading.to };
    isOwed = !isLost && !reading.isWhole;
    if (isOwed) pace.goOn();

    const chunk = joinBytes(reading.events);
    const isEmpty = isLost || chunk.byteLength === 0;
    if (!isEmpty) flushedAt = clock.now();
    roster.each((client) => {
      if (!client.hasRoom()) return client.wake();
      if (client.standing !== from || isLost) return void catchUp(client);
      client.standing = standing;
      if (!isEmpty) client.send(chunk, reading.events.length);
    });
  }

  function catchUp(client: ClientStream): void | Promise<void> {
    if (client.isPaging || client.sendRest()) return;
    if (client.owesShown) sendShown(client);
    if (!client.isPlaced) return;
    const { place } = settle();
    if (client.standing === standing) return;

    const order = comparePlaces(client.standing.place, place);
    if (order > 0) return; // it opened ahead of us: the next flush takes it in
    if (order === 0) {
      client.standing = standing;
      client.readsLog = false;
      return;
    }
    if (isAnyBehind(client.standing.place)) return pageLog(client);

    client.readsLog = false;
    const from = client.standing.place;
    let found = readings.get(from);
    if (!found) {
      const { events, to, isWhole } = readBetween(follows, from, place, PIECE_BYTES);
      const next = isWhole ? standing : { place: to };
      found = { chunk: joinBytes(events), count: events.length, next };
      if (roster.size > 1 && readings.size < MOST_READINGS) readings.set(from, found);
    }
    give(client, found.chunk, found.next, found.count);
  }

  function give(client: ClientStream, chunk: Uint8Array, next: Standing, events = 0): void {
    client.standing = next;
    if (next !== standing) client.wake(); // more is owed
    if (chunk.byteLength === 0) return;
    client.lastFrameAt = clock.now();
    client.send(chunk, events);
  }

  async function pageLog(client: ClientStream): Promise<void> {
    client.isPaging = true;
    try {
      while (client.isPlaced && client.hasRoom() && isAnyBehind(client.standing.place)) {
        const own = client.standing;
        const from = own.place;
        const to = settle().place;
        if (comparePlaces(from, to) >= 0) break;
        const reading = await readLog(follows, from, to, PIECE_BYTES, client.told);
        if (client.standing !== own) break; // its place was given up while a page was read
        if ("events" in reading) {
          const { events, to: place } = reading;
          give(client, joinBytes(events), { place }, events.length);
        } else if (reading.every(({ lost }) => comparePlaces(lost, client.mayMissTo) <= 0)) {
          miss(client, reading);
        } else return end(client, "slow");
      }
    } catch (thrown) {
      if (thrown instanceof StoreAway) return; // it keeps its place, and is looked after again
      onFault(thrown);
      end(client, "fault");
    } finally {
      client.isPaging = false;
    }
    if (client.hasRoom()) return catchUp(client);
  }

  /** Says what is gone through no fault of the client's. */
  function miss(client: ClientStream, losses: readonly Loss[]): void {
    const after = client.standing.place;
    client.told = new Map([
      ...client.told,
      ...losses.map(({ topic, lost }) => [topic, lost] as const),
    ]);
    client.lastFrameAt = clock.now();
    client.send(encodeGaps(losses.map(({ topic, oldest }) => ({ topic, after, before: oldest }))));
  }

  function sendShown(client: ClientStream): void {
    client.owesShown = false;
    const values = follows.flatMap(shownTo);
    give(client, joinBytes(values), client.standing, values.length);
  }

  function end(client: ClientStream, reason: EndReason): void {
    client.end(reason, bye(reason));
  }

  function sweepOne(client: ClientStream, now: number, beat: (place: Place) => Uint8Array): void {
    if (now >= client.expiresAt) return end(client, "max_age");
    if (!client.hasRoom()) {
      client.stalledSince ??= now;
      client.wake();
      const isLost = !client.readsLog && isAnyBehind(client.standing.place);
      if (isLost || now - client.stalledSince >= MOST_STALLED_MS) end(client, "slow");
      return;
    }
    if (client.standing !== standing) void catchUp(client);
    if (!client.hasRoom()) return;
    const isInStep = client.standing === standing;
    const saidAt = isInStep ? Math.max(flushedAt, client.lastFrameAt) : client.lastFrameAt;
    if (now - saidAt < heartbeatMs) return;
    client.lastFrameAt = now;
    client.send(beat(client.standing.place));
  }

  return {
    follows,
    roster,
    standing: settle,
    join(client) {
      roster.add(client);
      client.readsLog = client.standing !== standing;
    },
    leave(client) {
      roster.remove(client);
      if (roster.size > 0) return;
      pace.stop();
      isOwed = false;
    },
    catchUp,
    deliver(events, before) {
      let isOurs = false;
      for (const event of events) {
        const follow = followFor(event);
        if (!follow) continue;
        isOurs = true;
        if (follow.window.topic.kind === "log") pace.count(event.bytes.byteLength);
      }
      if (!isOurs) return;
      if (!isOwed) standing.place = before;
      isOwed = true;
      pace.ask();
    },
    moved(before) {
      if (!isOwed) standing.place = before;
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
      standing = { place: head() };
      isOwed = false;
      return all;
    },
    place(client, place, told, chunk) {
      client.stand(place, told, head());
      give(client, chunk, client.standing);
      void catchUp(client);
    },
    show(values) {
      const ours = values.filter(followFor);
      if (ours.length === 0) return;
      const chunk = joinBytes(ours);
      const now = clock.now();
      roster.each((client) => {
        client.owesShown ||= !client.hasRoom();
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
      roster.each((client) => sweepOne(client, now, beat));
    },
    endAll(reason) {
      roster.each((client) => end(client, reason));
    },
  };
}
