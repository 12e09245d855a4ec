import { assert, assertEquals, assertRejects } from "@std/assert";
import { createListenerSet } from "../../../lib/core/listeners.ts";
import type { Position } from "../../../lib/core/position.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import type { EventLog } from "../../../lib/store/event_log.ts";
import { createRedisEventLog } from "../../../lib/store/redis/event_log.ts";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import { createRedisKeys } from "../../../lib/store/redis/keys.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { until } from "../../support/within.ts";
import { redisTest } from "../../support/programs.ts";
import { compareIds } from "../../support/order.ts";
import { eventLogCases } from "../event_log_cases.ts";
import {
  createFastClock,
  createOffsetClock,
  type Database,
  PREFIX,
  RETENTION,
  startDatabase,
} from "./support.ts";
import { alerts, append, event, idsOf, notes, prices, subscribeJoined, thing } from "../support.ts";

const NINE = [..."abcdefghi"].map((key) => event(key, 1));

eventLogCases("createRedisEventLog()", async (retention) => {
  const database = await startDatabase();
  const clock = createOffsetClock();
  const { log } = database.isolate({ clock, retention });
  return {
    log,
    async pass(ms) {
      clock.skip(ms);
      // Redis assigns ids by its own clock, or after the last id if that is later.
      await database.ask("XSETID", `${PREFIX}:bus`, `${clock.now()}-0`);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}, redisTest);

function test(behaviour: string, check: (database: Database) => Promise<void>): void {
  redisTest(`createRedisEventLog() ${behaviour}`, async () => {
    await using database = await startDatabase();
    await check(database);
  });
}

/** Returns all keys, and the lengths of the streams. */
async function entries({ ask }: Database): Promise<unknown[]> {
  const keys = await ask("KEYS", `${PREFIX}:*`);
  assert(Array.isArray(keys));
  const streams = [ask("XLEN", `${PREFIX}:bus`), ask("XLEN", `${PREFIX}:log:alerts`)];
  return [keys.toSorted(), ...await Promise.all(streams)];
}

test("uses at most 8 commands for a publication with a fence", async (database) => {
  const { log, lease, health } = database.isolate();
  const { fence } = lease("polls");
  await lease("polls").claim();
  for (const topic of [alerts, prices]) await append(log, topic, event("a", 0));

  const { cost } = database;
  const used = health.commands;
  assertEquals(await cost(() => append(log, alerts, event("a", 1))), 7);
  assertEquals(await cost(() => log.append(alerts, [event("a", 1)], { fence })), 8);
  const idempotencyKey = { key: "k", fingerprint: "f" };
  assertEquals(await cost(() => log.append(alerts, [event("a", 1)], { fence, idempotencyKey })), 8);
  assertEquals(await cost(() => log.append(prices, NINE, { fence })), 7);
  assertEquals(health.commands - used, 7 + 8 + 8 + 7);
  const cas = { key: "a", expected: null, next: "1", ttlMs: 60_000 };
  assertEquals(await cost(() => log.append(alerts, [event("a", 1)], { cas })), 7 + 2);
  const openIndex = { name: "open", isOpen: true, max: 9 };
  const [begun, ended] = [{ ...cas, key: "b", openIndex }, {
    ...cas,
    key: "b",
    expected: "1",
    openIndex: { ...openIndex, isOpen: false },
  }];
  assertEquals(await cost(() => log.append(thing, [event("a", 1)], { cas: begun })), 7 + 5);
  assertEquals(await cost(() => log.append(thing, [event("a", 1)], { cas: ended })), 7 + 4);
});

test("reads a page of a log topic with 4 commands, a state topic with 1", async (database) => {
  const { log, health } = database.isolate();
  for (const topic of [alerts, prices]) await append(log, topic, ...NINE);
  await log.latest(alerts, 1000);
  await log.head();
  const used = health.commands;
  assertEquals(await database.cost(() => log.latest(alerts, 1000)), 4);
  assertEquals(await database.cost(() => log.after(alerts, "0-0", 1000)), 4);
  assertEquals(await database.cost(() => log.latest(prices, 1000)), 1);
  assertEquals(await database.cost(() => log.head()), 3);
  assertEquals(health.commands - used, 4 + 4 + 1 + 3);
});

for (const at of ["head", "body"] as const) {
  test(`publishes once if the reply is lost at its ${at}`, async ({ isolate, standIn }) => {
    const { log } = isolate();
    const subscriber = await subscribeJoined(log);
    const [first = ""] = await append(log, alerts, event("a", 0));
    standIn.faults.loseReplies(2, { at, commands: ["EVALSHA"] });
    const ids = await append(log, alerts, event("a", 1), event("a", 2));
    standIn.faults.loseReplies(1, { at, commands: ["EVALSHA"] });
    const idempotencyKey = { key: "k", fingerprint: "f" };
    const appended = await log.append(alerts, [event("a", 3)], { idempotencyKey });
    assert(appended.kind === "appended");
    assertEquals(idsOf(await log.latest(alerts, 1000)), [first, ...ids, ...appended.ids]);
    assertEquals(await subscriber.published(3), [[first], ids, appended.ids]);
    await subscriber.cancel();
  });
}

test("rejects with StoreUnavailable if the database refuses, and stores nothing", async (database) => {
  const { isolate, standIn, lines } = database;
  const clock = createOffsetClock();
  const { log, health } = isolate({ clock });
  await append(log, alerts, event("a", 0));
  const before = await entries(database);
  for (const kind of ["html", "quota", "close"] as const) {
    standIn.faults.refuse(kind);
    await assertRejects(() => append(log, alerts, event("a", 1)), StoreUnavailable);
    await assertRejects(() => log.honours("9-9"), StoreUnavailable);
    assertEquals([health.isUp, await health.check()], [false, false]);
    standIn.faults.refuse(null);
    clock.skip(1000);
    assertEquals([await health.check(), health.isUp], [true, true]);
  }
  assertEquals(await entries(database), before);
  assertEquals(lines.length, 6);
  assertEquals(lines.filter((line) => line.includes(standIn.token)), []);
});

test("rejects within its timeout if no reply arrives", async ({ isolate, standIn }) => {
  const clock = createFastClock();
  const { log } = isolate({ clock });
  await append(log, alerts, event("a", 0));
  standIn.faults.delay(60_000);
  for (
    const [call, maxMs] of [
      [() => log.head(), 4000],
      [() => log.latest(alerts, 1000), 4000],
      [() => append(log, alerts, event("a", 1)), 6000],
    ] as const
  ) {
    const startedAt = clock.now();
    await assertRejects(call, StoreUnavailable);
    const ms = clock.now() - startedAt;
    assert(ms >= 2000 && ms < maxMs, `${ms} ms`);
  }
});

test("stores all or nothing if Redis is full", async (database) => {
  const { isolate, ask } = database;
  const { log, health } = isolate();
  const [first = ""] = await append(log, alerts, event("a", 0));
  const before = await entries(database);
  await ask("CONFIG", "SET", "maxmemory", 1);
  await assertRejects(() => append(log, alerts, event("a", 1)), StoreUnavailable);
  assertEquals(health.isUp, false);
  assertEquals(idsOf(await log.latest(alerts, 1000)), [first]);
  await ask("CONFIG", "SET", "maxmemory", 0);
  assertEquals(await entries(database), before);
  const [second = ""] = await append(log, alerts, event("a", 1));
  const { events } = await log.latest(alerts, 1000);
  assertEquals(events.map(({ id, prevId }) => [id, prevId]), [[first, null], [second, first]]);
});

redisTest("createRedisEventLog() continues after Redis was killed and started again", async () => {
  await using database = await startDatabase({ appendOnly: true });
  const { log } = database.isolate();
  const subscriber = await subscribeJoined(log);
  const first = await append(log, alerts, event("a", 1));
  await database.redis.kill();
  await assertRejects(() => append(log, alerts, event("a", 2)), StoreUnavailable);
  await database.redis.restart();
  const second = await append(log, alerts, event("a", 3));
  const third = await append(log, notes, event("a", 4));
  assertEquals(await subscriber.published(3), [first, second, third]);
  assertEquals(idsOf(await log.latest(alerts, 1000)), [...first, ...second]);
  await subscriber.cancel();
});

test("emits concurrent publications of two isolates in one order to each subscriber", async ({ isolate }) => {
  const count = 500;
  const logs = [isolate({ name: "one" }).log, isolate({ name: "other" }).log];
  const subscribers = await Promise.all(logs.map(subscribeJoined));
  async function publish(log: EventLog, key: string): Promise<Position[]> {
    const ids: Position[] = [];
    for (let n = 0; n < count; n++) ids.push(...await append(log, alerts, event(key, n)));
    return ids;
  }
  const ids = await Promise.all(logs.map((log, i) => publish(log, String(i))));
  const order = ids.flat().toSorted(compareIds);
  for (const subscriber of subscribers) {
    assertEquals((await subscriber.published(2 * count)).flat(), order);
    await subscriber.cancel();
  }
  assertEquals(new Set(order).size, 2 * count);
});

test("honours a thousand cursors with two reads at most", async (database) => {
  const { log } = database.isolate({ name: "other" });
  const [id = ""] = await append(log, alerts, event("a", 1));
  const { log: fresh } = database.isolate();
  await fresh.head();
  const cursors = Array.from({ length: 1000 }, (_, n) => n % 2 === 0 ? id : `9${id}`);
  let honoured: boolean[] = [];
  const cost = await database.cost(async () => {
    honoured = await Promise.all(cursors.map((cursor) => fresh.honours(cursor)));
  });
  assertEquals(honoured, cursors.map((_, n) => n % 2 === 0));
  assert(cost <= 6, `${cost} commands`);
});

Deno.test("createRedisEventLog() reads again if a shared read began before the cursor arrived", async () => {
  const reads: PromiseWithResolvers<unknown>[] = [];
  const reject = () => Promise.reject(new Error("not expected here"));
  const log = createRedisEventLog({
    runtime: { clock: createManualClock(), random: () => 0.5 },
    keys: createRedisKeys(PREFIX),
    retention: RETENTION,
    isolate: "us",
    released: createListenerSet(),
    client: {
      health: createMemoryState({
        clock: createManualClock(),
        random: () => 0.5,
      }, RETENTION).health,
      command: reject,
      subscribe: reject,
      markFailed: () => {},
      script() {
        const read = Promise.withResolvers<unknown>();
        reads.push(read);
        return read.promise;
      },
    },
  });
  const verdicts = Promise.all(["6-1", "7-1", "8-1"].map(log.honours));
  assertEquals(reads.length, 1);
  reads[0]?.resolve(["1-0", ["6-0", 1], [], 1]);
  await until("another read", () => reads.length === 2 ? true : undefined);
  reads[1]?.resolve(["1-0", ["7-0", 1], [], 1]);
  assertEquals([await verdicts, reads.length], [[true, true, false], 2]);
});

test("honours received ids without a read", async (database) => {
  const { log } = database.isolate();
  const [first = ""] = await append(log, alerts, event("a", 1));
  const subscriber = await subscribeJoined(log);
  const ids = await append(log, prices, event("a", 2));
  await subscriber.published(1);
  database.standIn.faults.refuse("html");
  assertEquals(await Promise.all([first, ...ids, "1-1"].map(log.honours)), [true, true, false]);
  await assertRejects(() => log.honours(`9${first}`), StoreUnavailable);
  database.standIn.faults.refuse(null);
  await subscriber.cancel();
});

test("enforces both bounds of a log topic", async (database) => {
  const clock = createOffsetClock();
  const retention = { retainEvents: 3, retainMs: 1000 };
  const { log } = database.isolate({ clock, retention });
  const lengths: unknown[] = [];
  for (const step of [0, 0, 0, 0, 600, 600, 600, 2000]) {
    if (step > 0) {
      clock.skip(step);
      await database.ask("XSETID", `${PREFIX}:bus`, `${clock.now()}-0`);
    }
    await append(log, alerts, event("a", 1));
    lengths.push(await database.ask("XLEN", `${PREFIX}:log:alerts`));
  }
  assertEquals(lengths, [1, 2, 3, 3, 3, 2, 2, 1]);
});

test("rejects with a wrong token, and logs the reason without the token", async ({ isolate, lines }) => {
  const { log, health } = isolate({ token: "a-wrong-token" });
  await assertRejects(() => log.head(), StoreUnavailable);
  assertEquals([health.isUp, lines.length], [false, 1]);
  assert(/WRONGPASS|Unauthorized/.test(lines[0] ?? "") && !lines[0]?.includes("a-wrong-token"));
});
