import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { LogMessage } from "../../../lib/core/event.ts";
import type { Position } from "../../../lib/core/position.ts";
import type { EventLog } from "../../../lib/store/event_log.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { until } from "../../support/within.ts";
import type { Reply } from "../../upstash/replies.ts";
import { redisTest } from "../../support/programs.ts";
import { type Database, PING_AFTER_MS, PREFIX, startDatabase } from "./support.ts";
import {
  alerts,
  append,
  collectMessages,
  event,
  idsOf,
  notes,
  subscribeJoined,
  type TestSubscriber,
} from "../support.ts";

function test(behaviour: string, check: (database: Database) => Promise<void>): void {
  redisTest(`subscribe() of a Redis log ${behaviour}`, async () => {
    await using database = await startDatabase();
    await check(database);
  });
}

/** Returns the number of subscriptions in Redis. */
async function subscriptions({ ask }: Database): Promise<number> {
  const reply = await ask("PUBSUB", "NUMSUB", `${PREFIX}:bus`);
  assert(Array.isArray(reply));
  return Number(reply[1]);
}

function untilSubscribed(database: Database, count: number): Promise<number> {
  return until(`${count} subscriptions`, async () => {
    const current = await subscriptions(database);
    return current === count ? current : undefined;
  });
}

/** Returns the next message, which must be `joined`. */
async function nextJoined(subscriber: TestSubscriber): Promise<LogMessage & { kind: "joined" }> {
  const message = await subscriber.next();
  assert(message.kind === "joined");
  return message;
}

/** Returns the entries of the bus, newest first. */
async function entriesOf({ ask }: Database): Promise<Reply[][]> {
  const reply = await ask("XREVRANGE", `${PREFIX}:bus`, "+", "-");
  assert(Array.isArray(reply));
  return reply;
}

/** Publishes while all subscriptions are muted. */
async function appendUnannounced(
  database: Database,
  log: EventLog,
  count: number,
  json = "1",
): Promise<(readonly Position[])[]> {
  const { faults } = database.standIn;
  faults.muteSubscriptions(true);
  const ids: (readonly Position[])[] = [];
  for (let n = 0; n < count; n++) ids.push(await append(log, alerts, { ...event("a", n), json }));
  return ids;
}

for (const fault of ["endSubscriptions", "breakSubscriptions"] as const) {
  test(`loses and repeats nothing after ${fault}()`, async (database) => {
    const { log } = database.isolate();
    const subscriber = await subscribeJoined(log);
    const ids = [];
    for (let round = 0; round < 3; round++) {
      ids.push(await append(log, alerts, event("a", round)));
      assertEquals(database.standIn.faults[fault](), 1);
      for (let n = 0; n < 5; n++) ids.push(await append(log, notes, event("a", n), event("b", n)));
      assertEquals(await subscriber.published(6), ids.slice(-6));
      await untilSubscribed(database, 1);
    }
    await subscriber.cancel();
  });
}

test("fills a gap at the next announcement", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  const ids = [await append(log, alerts, event("a", 1))];
  assertEquals(await subscriber.published(1), ids);
  const unannounced = await appendUnannounced(database, log, 250);
  // An announcement that Redis sends late is muted too.
  await until("silence", async () => await subscriptions(database) === 1 ? true : undefined);
  database.standIn.faults.muteSubscriptions(false);
  const announced = await append(log, alerts, event("a", 2));
  assertEquals(await subscriber.published(251), [...unannounced, announced]);
  await subscriber.cancel();
});

for (const [megabytes, isFilled] of [[5, true], [10, false]] as const) {
  const reaction = isFilled ? "fills" : "joins anew after";
  test(`${reaction} a gap of ${megabytes} MB`, async (database) => {
    const { log } = database.isolate();
    const subscriber = await subscribeJoined(log);
    const json = JSON.stringify("x".repeat(500_000));
    const unannounced = await appendUnannounced(database, log, 2 * megabytes, json);
    database.standIn.faults.muteSubscriptions(false);
    const announced = await append(log, alerts, event("a", 2));
    if (isFilled) {
      assertEquals(await subscriber.published(unannounced.length + 1), [...unannounced, announced]);
    } else assertEquals([(await nextJoined(subscriber)).head], announced);
    await subscriber.cancel();
  });
}

test("omits events from a gap that were retracted meanwhile, and repairs the prevId after them", async (database) => {
  const { log } = database.isolate();
  const [first = ""] = await append(log, alerts, event("a", 1));
  const subscriber = await subscribeJoined(log);
  const [[second = ""] = [], [third = ""] = []] = await appendUnannounced(database, log, 2);
  const appended = await log.append(alerts, [event("a", 4)], { retracts: [second] });
  assert(appended.kind === "appended");
  database.standIn.faults.muteSubscriptions(false);
  const [last = ""] = await append(log, alerts, event("a", 5));
  const published: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    const message = await subscriber.next();
    assert(message.kind === "published");
    published.push([message.events.map(({ id, prevId }) => [id, prevId]), message.retracted]);
  }
  const [fourth = ""] = appended.ids;
  assertEquals(published, [
    [[[third, first]], []],
    [[[fourth, third]], [second]],
    [[[last, fourth]], []],
  ]);
  const page = await log.after(alerts, first, 1000);
  assertEquals(page.events.map(({ id, prevId }) => [id, prevId]), [
    [third, first],
    [fourth, third],
    [last, fourth],
  ]);
  await subscriber.cancel();
});

test("joins anew if the bus no longer reaches back", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  await append(log, alerts, event("a", 1));
  await subscriber.published(1);
  await appendUnannounced(database, log, 5);
  await database.ask("XTRIM", `${PREFIX}:bus`, "MAXLEN", 2);
  database.standIn.faults.muteSubscriptions(false);
  const [last = ""] = await append(log, alerts, event("a", 2));
  const { epoch, head } = await nextJoined(subscriber);
  assertEquals(head, last);
  assert(await log.honours(epoch));
  const next = await append(log, alerts, event("a", 3));
  assertEquals(await subscriber.published(1), [next]);
  await subscriber.cancel();
});

test("joins anew if Redis lost its last publication", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  const [first = ""] = await append(log, alerts, event("a", 1));
  await append(log, alerts, event("a", 2));
  await subscriber.published(2);
  const [[newest] = []] = await entriesOf(database);
  await database.ask("XDEL", `${PREFIX}:bus`, String(newest));
  database.standIn.faults.endSubscriptions();
  assertEquals((await nextJoined(subscriber)).head, first);
  await subscriber.cancel();
});

test("joins anew after the log was flushed", async (database) => {
  const { log } = database.isolate();
  const subscriber = collectMessages(log.subscribe());
  const before = await nextJoined(subscriber);
  const [old = ""] = await append(log, alerts, event("a", 1));
  await subscriber.published(1);
  await database.ask("FLUSHALL");
  const [first = ""] = await append(log, alerts, event("a", 2));
  const after = await nextJoined(subscriber);
  assertNotEquals(after.epoch, before.epoch);
  assertEquals(after.head, first);
  assertEquals([await log.honours(old), await log.honours(first)], [false, true]);
  const page = await log.latest(alerts, 1000);
  assertEquals([page.truncatedAt, idsOf(page), page.events[0]?.prevId], [null, [first], null]);
  await subscriber.cancel();
});

test("joins anew after an empty log was flushed", async (database) => {
  const [{ log }, { log: other }] = [database.isolate(), database.isolate({ name: "other" })];
  const subscriber = collectMessages(log.subscribe());
  const before = await nextJoined(subscriber);
  const epoch = await until("another epoch", async () => {
    await database.ask("FLUSHALL");
    const head = await other.head();
    return head === before.epoch ? undefined : head;
  });
  const [first = ""] = await append(other, alerts, event("a", 1));
  assertEquals(await subscriber.next(), { kind: "joined", epoch, head: first });
  await subscriber.cancel();
});

test("reads nothing for an announcement that it knows", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  for (const n of [1, 2]) await append(log, alerts, event("a", n));
  await subscriber.published(2);
  const [, [older] = []] = await entriesOf(database);
  const cost = await database.cost(async () => {
    await database.ask("PUBLISH", `${PREFIX}:bus`, JSON.stringify({ head: older }));
    await database.ask("PUBLISH", `${PREFIX}:bus`, "no message of a log");
    const next = await append(log, alerts, event("a", 3));
    assertEquals(await subscriber.published(1), [next]);
  });
  assertEquals(cost, 2 + 7);
  await subscriber.cancel();
});

test("reads a publication that is too large to be announced whole", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(220_000)) };
  await append(log, alerts, event("a", 0));
  await subscriber.published(1);
  await log.head();
  const cost = await database.cost(async () => {
    const ids = await append(log, alerts, large);
    assertEquals(await subscriber.published(1), [ids]);
  });
  assertEquals(cost, 7 + 4);
  await subscriber.cancel();
});

test("emits large and small publications in order", async ({ isolate }) => {
  const { log } = isolate();
  const subscriber = await subscribeJoined(log);
  const large = { ...event("a", 1), json: JSON.stringify("ü".repeat(150_000)) };
  const ids = [await append(log, alerts, large), await append(log, alerts, event("a", 2))];
  const message = await subscriber.next();
  assert(message.kind === "published");
  assertEquals([idsOf(message), message.events[0]?.json], [[...ids[0] ?? []], large.json]);
  assertEquals(await subscriber.published(1), ids.slice(1));
  await subscriber.cancel();
});

/** Waits until `count` announcements and pings were published. */
function untilPublished({ standIn }: Database, count: number): Promise<true> {
  return until(`${count} announcements`, async () => {
    const { byName } = await standIn.commandsAtRedis();
    return byName["PUBLISH"] === count ? true : undefined;
  });
}

/** Creates an isolate on a manual clock. */
function stillIsolate({ isolate }: Database) {
  const clock = createManualClock();
  return { clock, ...isolate({ clock, random: () => 0.5 }) };
}

test("costs nothing while nothing is published, except a ping of 3 commands", async (database) => {
  const { clock, log, health } = stillIsolate(database);
  const subscriber = await subscribeJoined(log);
  const { cost } = database;
  assertEquals(await cost(() => clock.advance(PING_AFTER_MS - 1)), 0);
  const used = health.commands;
  // The first call of a script sends its source.
  const sent = await cost(async () => {
    await clock.advance(1);
    await untilPublished(database, 1);
  });
  assertEquals(sent, 1 + 3);
  await until("the answer", () => health.commands === used + sent ? true : undefined);
  await subscriber.cancel();
  assertEquals(clock.timers, 0);
  assertEquals(await cost(() => clock.advance(3_600_000)), 0);
});

test("reconnects if its own ping does not arrive", async (database) => {
  const { clock, log } = stillIsolate(database);
  const subscriber = await subscribeJoined(log);
  const unannounced = await appendUnannounced(database, log, 3);
  await clock.advance(PING_AFTER_MS);
  await untilPublished(database, 4);
  database.standIn.faults.muteSubscriptions(false);
  await clock.advance(5000);
  await until("another subscription", async () => {
    await clock.advance(25);
    const { byName } = await database.standIn.commandsAtRedis();
    return byName["SUBSCRIBE"] === 2 ? true : undefined;
  });
  assertEquals(await subscriber.published(3), unannounced);
  await subscriber.cancel();
});

test("fills a gap at a ping", async (database) => {
  const { clock, log } = stillIsolate(database);
  const subscriber = await subscribeJoined(log);
  const unannounced = await appendUnannounced(database, log, 3);
  database.standIn.faults.muteSubscriptions(false);
  await clock.advance(PING_AFTER_MS);
  assertEquals(await subscriber.published(3), unannounced);
  await subscriber.cancel();
});

test("has one connection, until it is cancelled, and may be called again", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  assertEquals(await subscriptions(database), 1);
  await subscriber.cancel();
  await untilSubscribed(database, 0);
  const ids = await append(log, alerts, event("a", 1));
  const again = collectMessages(log.subscribe());
  assertEquals((await nextJoined(again)).head, ids[0]);
  assertEquals(await subscriptions(database), 1);
  const next = await append(log, alerts, event("a", 2));
  assertEquals(await again.published(1), [next]);
  await again.cancel();
  await untilSubscribed(database, 0);
});

test("can be cancelled while it connects, and while Redis is unavailable", async (database) => {
  const { log, health } = database.isolate();
  await log.subscribe().cancel();
  await database.redis.kill();
  const subscriber = collectMessages(log.subscribe());
  await until("a line", () => database.lines.length > 0 ? true : undefined);
  assertEquals(health.isUp, false);
  await subscriber.cancel();
  await database.redis.restart();
  assertEquals(await subscriptions(database), 0);
});

test("buffers 8 MiB for a blocked reader, then joins anew", async (database) => {
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(1_000_000)) };
  const ids: (readonly Position[])[] = [];
  for (let n = 0; n < 12; n++) {
    const [id = ""] = await append(log, alerts, large);
    ids.push([id]);
    // The consumer has received an id that is honoured without a read.
    await until("the publication", async () => {
      const cost = await database.cost(() => log.honours(id));
      return cost === 0 ? true : undefined;
    });
  }
  const published = [];
  let message = await subscriber.next();
  for (; message.kind === "published"; message = await subscriber.next()) {
    published.push(idsOf(message));
  }
  assertEquals(published, ids.slice(0, published.length));
  assert(published.length >= 8 && published.length < 12, `${published.length}`);
  assertEquals([message.head], ids.at(-1));
  const next = await append(log, alerts, event("a", 2));
  assertEquals(await subscriber.published(1), [next]);
  await subscriber.cancel();
});
