import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../../lib/core/clock.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { redisTest } from "../../support/programs.ts";
import { type Database, PREFIX, startDatabase } from "./support.ts";
import { sharedStateCases } from "../backend_cases.ts";
import { alerts, append, event, prices } from "../support.ts";

/** Shortens every TTL in Redis by `ms` milliseconds. */
async function age({ ask }: Database, ms: number): Promise<void> {
  const keys = await ask("KEYS", `${PREFIX}:*`);
  assert(Array.isArray(keys));
  for (const key of keys.map(String)) {
    const left = Number(await ask("PTTL", key));
    // A TTL below 0 deletes the key.
    if (left >= 0) await ask("PEXPIRE", key, left - ms);
  }
}

sharedStateCases("createRedisState()", async () => {
  const database = await startDatabase();
  const them = database.isolate({ name: "them" });
  return {
    state: database.isolate(),
    rival: them.lease,
    pass: (ms) => age(database, ms),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}, redisTest);

function test(behaviour: string, check: (database: Database) => Promise<void>): void {
  redisTest(`createRedisState() ${behaviour}`, async () => {
    await using database = await startDatabase();
    await check(database);
  });
}

test("fences the late holder of a lease once its successor has claimed it", async (database) => {
  const [ours, theirs] = [database.isolate(), database.isolate({ name: "them" })];
  const [late, next] = [ours.lease("polls"), theirs.lease("polls")];
  await late.claim();
  await age(database, late.ttlMs);
  await next.claim();
  const before = await ours.log.head();
  const { fence } = late;
  assertEquals(await ours.log.append(prices, [event("a", 1)], { fence }), { kind: "fenced" });
  assertEquals(await ours.log.head(), before);
  await late.release();
  assertEquals(await next.renew(), true);
});

test("uses 1 command to claim or renew a lease, 2 for a refused claim, 4 for a release", async (database) => {
  const [lease, rival] = ["us", "them"].map((name) => database.isolate({ name }).lease("polls"));
  assert(lease && rival);
  await lease.claim();
  await lease.release();
  const { cost } = database;
  assertEquals(await cost(() => rival.renew()), 1);
  assertEquals(await cost(() => lease.claim()), 1);
  assertEquals(await cost(() => rival.claim()), 2);
  assertEquals(await cost(() => lease.renew()), 1);
  assertEquals(await cost(() => lease.release()), 4);
  assertEquals(await database.ask("EXISTS", `${PREFIX}:lease:polls`), 0);
});

test("renews a lease for its whole TTL", async (database) => {
  const lease = database.isolate().lease("polls");
  for (const lengthen of [lease.claim, lease.renew]) {
    await lease.claim();
    await age(database, lease.ttlMs - 10_000);
    await lengthen();
    const left = Number(await database.ask("PTTL", `${PREFIX}:lease:polls`));
    assert(left > lease.ttlMs - 5000, `${left}`);
  }
});

test("sends nothing before it is used", async (database) => {
  assertEquals(await database.cost(async () => void await database.isolate()), 0);
});

test("is down from a failed call until an answer 1 s later, whatever the wall clock does, and logs it once", async (database) => {
  let [elapsed, wallShift] = [1000, 0];
  const { store, health } = database.isolate({
    clock: {
      ...systemClock,
      now: () => systemClock.now() + wallShift,
      elapsed: () => elapsed,
    },
  });
  const changes: boolean[] = [];
  health.onChange((isUp) => changes.push(isUp));
  health.onChange(() => changes.push(false))();
  await store.set("a", "1");
  await database.redis.kill();
  await assertRejects(() => store.get("a"), StoreUnavailable);
  await assertRejects(() => store.cas("a", "1", "2"), StoreUnavailable);
  assertEquals([health.isUp, await health.check(), changes], [false, false, [false]]);
  await database.redis.restart();
  wallShift = -600_000;
  elapsed += 999;
  assertEquals([await store.get("a"), await health.check(), changes], [null, false, [false]]);
  elapsed++;
  assertEquals([await health.check(), health.isUp, changes], [true, true, [false, true]]);
  assertEquals(database.lines.map((line) => line.split(" {")[0]), [
    "The shared store is unavailable",
    "The shared store is available again",
  ]);
});

test("writes only keys below its prefix", async (database) => {
  const { log } = database.isolate();
  await append(log, alerts, event("a", 1));
  const keys = await database.ask("KEYS", "*");
  assert(Array.isArray(keys) && keys.length > 3);
  assertEquals(keys.filter((key) => !String(key).startsWith(`${PREFIX}:`)), []);
});
