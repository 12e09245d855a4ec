import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { LogMessage } from "../../../lib/core/event.ts";
import type { Position } from "../../../lib/core/position.ts";
import type { EventLog } from "../../../lib/store/event_log.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { until } from "../../support/within.ts";
import type { Reply } from "../../upstash/replies.ts";
import { redisTest } from "../../support/programs.ts";
import { type Database, PREFIX, startDatabase } from "./support.ts";
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
  redisTest(`follow() of a Redis log ${behaviour}`, async () => {
    await using database = await startDatabase();
    await check(database);
  });
}

/** How many subscriptions Redis has. */
async function subscriptions({ ask }: Database): Promise<number> {
  const reply = await ask("PUBSUB", "NUMSUB", `${PREFIX}:bus`);
  assert(Array.isArray(reply));
  return Number(reply[1]);
}

function untilSubscribed(database: Database, count: number): Promise<number> {
  return until(`${count} subscriptions`, async () => {
    const found = await subscriptions(database);
    return found === count ? found : undefined;
  });
}

/** What a follower is told next, which must be where it stands. */
async function nextJoined(follower: TestSubscriber): Promise<LogMessage & { kind: "joined" }> {
  const delivery = await follower.next();
  assert(delivery.kind === "joined");
  return delivery;
}

/** The entries of the bus, newest first. */
async function entriesOf({ ask }: Database): Promise<Reply[][]> {
  const reply = await ask("XREVRANGE", `${PREFIX}:bus`, "+", "-");
  assert(Array.isArray(reply));
  return reply;
}

/** Publishes behind the back of those whose subscription is muted. */
async function appendUnheard(
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

for (const how of ["endSubscriptions", "breakSubscriptions"] as const) {
  test(`loses and repeats nothing where it meets ${how}()`, async (database) => {
    const { log } = database.isolate();
    const follower = await subscribeJoined(log);
    const ids = [];
    for (let round = 0; round < 3; round++) {
      ids.push(await append(log, alerts, event("a", round)));
      assertEquals(database.standIn.faults[how](), 1);
      for (let n = 0; n < 5; n++) ids.push(await append(log, notes, event("a", n), event("b", n)));
      assertEquals(await follower.published(6), ids.slice(-6));
      await untilSubscribed(database, 1);
    }
    await follower.cancel();
  });
}

test("fills what was not heard by the next that is", async (database) => {
  const { log } = database.isolate();
  const follower = await subscribeJoined(log);
  const ids = [await append(log, alerts, event("a", 1))];
  assertEquals(await follower.published(1), ids);
  const unheard = await appendUnheard(database, log, 250);
  // Whatever Redis was slow to say is muted too.
  await until("silence", async () => await subscriptions(database) === 1 ? true : undefined);
  database.standIn.faults.muteSubscriptions(false);
  const heard = await append(log, alerts, event("a", 2));
  assertEquals(await follower.published(251), [...unheard, heard]);
  await follower.cancel();
});

for (const [megabytes, isTold] of [[5, true], [10, false]] as const) {
  const what = isTold ? "fills" : "does not read";
  test(`${what} a gap of ${megabytes} MB`, async (database) => {
    const { log } = database.isolate();
    const follower = await subscribeJoined(log);
    const json = JSON.stringify("x".repeat(500_000));
    const unheard = await appendUnheard(database, log, 2 * megabytes, json);
    database.standIn.faults.muteSubscriptions(false);
    const heard = await append(log, alerts, event("a", 2));
    if (isTold) assertEquals(await follower.published(unheard.length + 1), [...unheard, heard]);
    else assertEquals([(await nextJoined(follower)).head], heard);
    await follower.cancel();
  });
}

test("leaves out what was taken back meanwhile, and names who came before it", async (database) => {
  const { log } = database.isolate();
  const [first = ""] = await append(log, alerts, event("a", 1));
  const follower = await subscribeJoined(log);
  const [[second = ""] = [], [third = ""] = []] = await appendUnheard(database, log, 2);
  const appended = await log.append(alerts, [event("a", 4)], { retracts: [second] });
  assert(appended.kind === "appended");
  database.standIn.faults.muteSubscriptions(false);
  const [last = ""] = await append(log, alerts, event("a", 5));
  const told: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    const delivery = await follower.next();
    assert(delivery.kind === "published");
    told.push([delivery.events.map(({ id, prevId }) => [id, prevId]), delivery.retracted]);
  }
  const [fourth = ""] = appended.ids;
  assertEquals(told, [
    [[[third, first]], []],
    [[[fourth, third]], [second]],
    [[[last, fourth]], []],
  ]);
  const page = await log.after(alerts, first, 1000);
  assertEquals(page.events.map(({ id, prevId: prev }) => [id, prev]), [
    [third, first],
    [fourth, third],
    [last, fourth],
  ]);
  await follower.cancel();
});

test("says where it stands anew where the bus no longer reaches back", async (database) => {
  const { log } = database.isolate();
  const follower = await subscribeJoined(log);
  await append(log, alerts, event("a", 1));
  await follower.published(1);
  await appendUnheard(database, log, 5);
  await database.ask("XTRIM", `${PREFIX}:bus`, "MAXLEN", 2);
  database.standIn.faults.muteSubscriptions(false);
  const [last = ""] = await append(log, alerts, event("a", 2));
  const { epoch, head } = await nextJoined(follower);
  assertEquals(head, last);
  assert(await log.honours(epoch));
  const next = await append(log, alerts, event("a", 3));
  assertEquals(await follower.published(1), [next]);
  await follower.cancel();
});

test("says where it stands anew where Redis has forgotten its last moment", async (database) => {
  const { log } = database.isolate();
  const follower = await subscribeJoined(log);
  const [first = ""] = await append(log, alerts, event("a", 1));
  await append(log, alerts, event("a", 2));
  await follower.published(2);
  const [[newest] = []] = await entriesOf(database);
  await database.ask("XDEL", `${PREFIX}:bus`, String(newest));
  database.standIn.faults.endSubscriptions();
  assertEquals((await nextJoined(follower)).head, first);
  await follower.cancel();
});

test("says where it stands anew where the log was flushed", async (database) => {
  const { log } = database.isolate();
  const follower = collectMessages(log.subscribe());
  const before = await nextJoined(follower);
  const [old = ""] = await append(log, alerts, event("a", 1));
  await follower.published(1);
  await database.ask("FLUSHALL");
  const [first = ""] = await append(log, alerts, event("a", 2));
  const after = await nextJoined(follower);
  assertNotEquals(after.epoch, before.epoch);
  assertEquals(after.head, first);
  assertEquals([await log.honours(old), await log.honours(first)], [false, true]);
  const page = await log.latest(alerts, 1000);
  assertEquals([page.truncatedAt, idsOf(page), page.events[0]?.prevId], [null, [first], null]);
  await follower.cancel();
});

test("says where it stands anew where an empty log was flushed", async (database) => {
  const [{ log }, { log: other }] = [database.isolate(), database.isolate({ name: "other" })];
  const follower = collectMessages(log.subscribe());
  const before = await nextJoined(follower);
  const epoch = await until("another birth", async () => {
    await database.ask("FLUSHALL");
    const head = await other.head();
    return head === before.epoch ? undefined : head;
  });
  const [first = ""] = await append(other, alerts, event("a", 1));
  assertEquals(await follower.next(), { kind: "joined", epoch, head: first });
  await follower.cancel();
});

test("reads nothing for what it has heard already", async (database) => {
  const { log } = database.isolate();
  const follower = await subscribeJoined(log);
  for (const n of [1, 2]) await append(log, alerts, event("a", n));
  await follower.published(2);
  const [, [older] = []] = await entriesOf(database);
  const cost = await database.cost(async () => {
    await database.ask("PUBLISH", `${PREFIX}:bus`, JSON.stringify({ head: older }));
    await database.ask("PUBLISH", `${PREFIX}:bus`, "none of ours");
    const next = await append(log, alerts, event("a", 3));
    assertEquals(await follower.published(1), [next]);
  });
  assertEquals(cost, 2 + 7);
  await follower.cancel();
});

test("is told of what is too large to be announced, and reads it", async (database) => {
  const { log } = database.isolate();
  const follower = await subscribeJoined(log);
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(220_000)) };
  await append(log, alerts, event("a", 0));
  await follower.published(1);
  await log.head();
  const cost = await database.cost(async () => {
    const ids = await append(log, alerts, large);
    assertEquals(await follower.published(1), [ids]);
  });
  assertEquals(cost, 7 + 4);
  await follower.cancel();
});

test("gives publications too large to be announced", async ({ isolate }) => {
  const { log } = isolate();
  const follower = await subscribeJoined(log);
  const large = { ...event("a", 1), json: JSON.stringify("ü".repeat(150_000)) };
  const ids = [await append(log, alerts, large), await append(log, alerts, event("a", 2))];
  const delivery = await follower.next();
  assert(delivery.kind === "published");
  assertEquals([idsOf(delivery), delivery.events[0]?.json], [[...ids[0] ?? []], large.json]);
  assertEquals(await follower.published(1), ids.slice(1));
  await follower.cancel();
});

/** When an isolate beats that draws 0.5: after 30 s of silence and half of 3 s. */
const BEAT_MS = 31_500;

/** Waits until so many announcements and beats were published. */
function untilPublished({ standIn }: Database, count: number): Promise<true> {
  return until(`${count} announcements`, async () => {
    const { byName } = await standIn.commandsAtRedis();
    return byName["PUBLISH"] === count ? true : undefined;
  });
}

/** An isolate whose time moves when the test says so. */
function stillIsolate({ isolate }: Database) {
  const clock = createManualClock();
  return { clock, ...isolate({ clock, random: () => 0.5 }) };
}

test("costs nothing while nothing is published, but for a beat of 3 commands", async (database) => {
  const { clock, log, health } = stillIsolate(database);
  const follower = await subscribeJoined(log);
  const { cost } = database;
  assertEquals(await cost(() => clock.advance(BEAT_MS - 1)), 0);
  const used = health.commands;
  // The script is sent whole the first time.
  const sent = await cost(async () => {
    await clock.advance(1);
    await untilPublished(database, 1);
  });
  assertEquals(sent, 1 + 3);
  await until("the answer", () => health.commands === used + sent ? true : undefined);
  await follower.cancel();
  assertEquals(clock.timers, 0);
  assertEquals(await cost(() => clock.advance(3_600_000)), 0);
});

test("opens another subscription where it does not hear its own beat", async (database) => {
  const { clock, log } = stillIsolate(database);
  const follower = await subscribeJoined(log);
  const unheard = await appendUnheard(database, log, 3);
  await clock.advance(BEAT_MS);
  await untilPublished(database, 4);
  database.standIn.faults.muteSubscriptions(false);
  await clock.advance(5000);
  await until("another subscription", async () => {
    await clock.advance(25);
    const { byName } = await database.standIn.commandsAtRedis();
    return byName["SUBSCRIBE"] === 2 ? true : undefined;
  });
  assertEquals(await follower.published(3), unheard);
  await follower.cancel();
});

test("learns from a beat what it has not heard", async (database) => {
  const { clock, log } = stillIsolate(database);
  const follower = await subscribeJoined(log);
  const unheard = await appendUnheard(database, log, 3);
  database.standIn.faults.muteSubscriptions(false);
  await clock.advance(BEAT_MS);
  assertEquals(await follower.published(3), unheard);
  await follower.cancel();
});

test("has one subscription for all followers, and none after the last", async (database) => {
  const { log } = database.isolate();
  const followers = await Promise.all([1, 2, 3].map(() => subscribeJoined(log)));
  assertEquals(await subscriptions(database), 1);
  for (const follower of followers) await follower.cancel();
  await untilSubscribed(database, 0);
  const { total } = await database.standIn.commandsAtRedis();
  const again = await subscribeJoined(log);
  assertEquals(await subscriptions(database), 1);
  await again.cancel();
  assert((await database.standIn.commandsAtRedis()).total > total);
  await untilSubscribed(database, 0);
});

test("can be ended while it is being opened, or while Redis is away", async (database) => {
  const { log, health } = database.isolate();
  await log.subscribe().cancel();
  await database.redis.kill();
  const follower = collectMessages(log.subscribe());
  await until("a line", () => database.lines.length > 0 ? true : undefined);
  assertEquals(health.isUp, false);
  await follower.cancel();
  await database.redis.restart();
  assertEquals(await subscriptions(database), 0);
});

test("keeps 8 MiB for who does not read, then says where it stands", async (database) => {
  const { log } = database.isolate();
  const [slow, quick] = [await subscribeJoined(log), await subscribeJoined(log)];
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(1_000_000)) };
  const ids = [];
  for (let n = 0; n < 12; n++) {
    ids.push(await append(log, alerts, large));
    assertEquals(await quick.published(1), ids.slice(-1));
  }
  const told = [];
  let last = await slow.next();
  for (; last.kind === "published"; last = await slow.next()) told.push(idsOf(last));
  assertEquals(told, ids.slice(0, told.length));
  assert(told.length >= 8 && told.length < 12, `${told.length}`);
  assertEquals(last.head, ids.at(-1)?.at(-1));
  const next = await append(log, alerts, event("a", 2));
  assertEquals([await slow.published(1), await quick.published(1)], [[next], [next]]);
  await slow.cancel();
  await quick.cancel();
});
