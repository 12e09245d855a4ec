import { assert, assertEquals } from "@std/assert";
import { parseId } from "../../../lib/core/position.ts";
import { DAY_MS } from "../../../lib/core/time.ts";
import type { Retention } from "../../../lib/store/event_log.ts";
import { createMemoryEventLog } from "../../../lib/store/memory/event_log.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { compareIds } from "../../support/order.ts";
import { eventLogCases } from "../event_log_cases.ts";
import { alerts, append, bytesOf, event, notes, prices, thing } from "../support.ts";

const RETENTION = { retainEvents: 1000, retainMs: DAY_MS };

eventLogCases("createMemoryEventLog()", (retention) => {
  const clock = createManualClock();
  const log = createMemoryEventLog({ clock, random: () => 0.5 }, retention);
  return Promise.resolve({
    log,
    pass: clock.advance,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

/** Creates a log on a manual clock. */
function createLog(random = 0.5, retention: Retention = RETENTION) {
  const clock = createManualClock();
  return { clock, log: createMemoryEventLog({ clock, random: () => random }, retention) };
}

Deno.test("createMemoryEventLog() assigns growing ids while the wall clock stands still or is set back", async () => {
  const { log, clock } = createLog();
  const ids = [await log.head()];
  assertEquals(ids, [`${clock.now()}-0`]);
  for (const step of [0, 0, 5, -3_600_000, 1, 7_200_000]) {
    clock.shiftWallClock(step);
    ids.push(...await append(log, alerts, event("a", 1), event("a", 2)));
    assertEquals(await log.head(), ids.at(-1) ?? "");
  }
  for (const [i, id] of ids.entries()) {
    assert(i === 0 || compareIds(ids[i - 1] ?? "", id) < 0, `${ids[i - 1]}, ${id}`);
    assert(await log.honours(id), id);
  }
});

Deno.test("createMemoryEventLog() does not honour a cursor of another process", async () => {
  const { log, clock } = createLog(0.2);
  const { log: other, clock: otherClock } = createLog(0.7);
  const [first = ""] = await append(log, alerts, event("a", 1));
  const [theirs = ""] = await append(other, alerts, event("a", 1));
  await clock.advance(1000);
  await otherClock.advance(1000);
  const [last = ""] = await append(log, prices, event("a", 1));
  const [theirLast = ""] = await append(other, prices, event("a", 1));

  // Their numbers are far apart: an id that lies between two others in time does not lie between them in number.
  assert(compareIds(first, theirs) < 0 && compareIds(theirs, last) < 0);
  assertEquals(await log.honours(theirs), false);
  assertEquals(await other.honours(last), false);
  assertEquals([await log.honours(last), await other.honours(theirLast)], [true, true]);
  const { ms, n } = parseId(first);
  for (const number of [0, n - 1, n + 2]) {
    assertEquals(await log.honours(`${ms + 1}-${number}`), false, String(number));
  }
});

Deno.test("createMemoryEventLog() knows an idempotency key for 24 hours, whatever the wall clock does", async () => {
  const { log, clock } = createLog();
  const idempotencyKey = { key: "k", fingerprint: "f" };
  const kinds: string[] = [];
  for (const step of [0, DAY_MS, 1]) {
    await clock.advance(step);
    clock.shiftWallClock(-2 * DAY_MS);
    kinds.push((await log.append(alerts, [event("a", 1)], { idempotencyKey })).kind);
  }
  assertEquals(kinds, ["appended", "repeated", "appended"]);
});

Deno.test("createMemoryEventLog() knows at most 50,000 idempotency keys", async () => {
  const { log } = createLog();
  const kindOf = async (n: number) =>
    (await log.append(prices, [event("a", n)], {
      idempotencyKey: { key: String(n), fingerprint: "f" },
    }))
      .kind;
  for (let n = 0; n <= 50_000; n++) await kindOf(n);
  assertEquals([await kindOf(1), await kindOf(0)], ["repeated", "appended"]);
});

Deno.test("createMemoryEventLog() evicts nothing because the wall clock is set forwards", async () => {
  const { log, clock } = createLog();
  await append(log, alerts, event("a", 1));
  clock.shiftWallClock(10 * DAY_MS);
  await append(log, alerts, event("a", 2));
  clock.shiftWallClock(-10 * DAY_MS);
  await append(log, alerts, event("a", 3));
  assertEquals((await log.latest(alerts, 1000)).events.length, 3);
  await clock.advance(DAY_MS + 1);
  assertEquals((await log.latest(alerts, 1000)).events.length, 2, "the first has expired");
});

Deno.test("createMemoryEventLog() never changes a page that it returned", async () => {
  const { log } = createLog();
  await append(log, alerts, event("a", 1));
  const pages = [await log.latest(alerts, 1000), await log.after(alerts, "0-0", 1000)];
  await append(log, alerts, event("a", 2));
  assertEquals(pages.map(({ events }) => events.length), [1, 1]);
});

Deno.test("createMemoryEventLog() retains at most 64 MiB, whatever its number of events allows", async () => {
  const { log } = createLog(0.5, { retainEvents: 100_000, retainMs: DAY_MS });
  const big = { ...event("a", 1), json: JSON.stringify("x".repeat(60_000)) };
  for (let n = 0; n < 1200; n++) await log.append(alerts, [big]);
  const { events, truncatedAt } = await log.after(alerts, "0-0", Infinity);
  assertEquals(Math.floor(bytesOf(events) / 2 ** 20), 63);
  assertEquals(events[0]?.prevId, truncatedAt);
});

Deno.test("createMemoryEventLog() evicts nothing from a topic while many small ones are added", async () => {
  const { log } = createLog();
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(100_000)) };
  for (let n = 0; n < 20; n++) await log.append(alerts, [large]);
  for (let n = 0; n < 1000; n++) await log.append({ ...notes, name: `n/${n}` }, [event("n", n)]);
  await log.append(alerts, [large]);
  assertEquals((await log.latest(alerts, 10_000_000)).events.length, 21);
});

Deno.test("createMemoryEventLog() deletes a topic with its value, whatever the wall clock does", async () => {
  const { log, clock } = createLog();
  const appendTo = (name: string) =>
    log.append({ ...thing, name }, [event("a", 1)], {
      cas: { key: name, expected: null, next: "1", ttlMs: 100_000 },
    });
  await appendTo("things/a");
  clock.shiftWallClock(3_600_000);
  await appendTo("things/b");
  assertEquals((await log.latest(thing, 1000)).events.length, 1);
  clock.shiftWallClock(-7_200_000);
  await clock.advance(100_000);
  await appendTo("things/c");
  assertEquals((await log.latest(thing, 1000)).events, []);
});
