import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../../lib/core/clock.ts";
import { parseId } from "../../../lib/core/position.ts";
import type { Retention } from "../../../lib/store/event_log.ts";
import { createMemoryEventLog } from "../../../lib/store/memory/event_log.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { compareIds } from "../../support/order.ts";
import { eventLogCases } from "../event_log_cases.ts";
import { alerts, append, event, notes, prices } from "../support.ts";

const DAY_MS = 86_400_000;
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

/** A log on a clock that may go back. */
function createShakyLog(random = 0.5, retention: Retention = RETENTION) {
  const time = { now: 1_700_000_000_000 };
  const clock: Clock = { ...createManualClock(), now: () => time.now };
  const log = createMemoryEventLog({ clock, random: () => random }, retention);
  return { log, time };
}

Deno.test("createMemoryEventLog() gives growing ids while the clock stands still or goes back", async () => {
  const { log, time } = createShakyLog();
  const ids = [await log.head()];
  assertEquals(ids, [`${time.now}-0`]);
  for (const step of [0, 0, 5, -3600_000, 1, 7_200_000]) {
    time.now += step;
    ids.push(...await append(log, alerts, event("a", 1), event("a", 2)));
    assertEquals(await log.head(), ids.at(-1) ?? "");
  }
  for (const [i, id] of ids.entries()) {
    assert(i === 0 || compareIds(ids[i - 1] ?? "", id) < 0, `${ids[i - 1]}, ${id}`);
    assert(await log.honours(id), id);
  }
});

Deno.test("createMemoryEventLog() does not honour a cursor of another process", async () => {
  const { log, time } = createShakyLog(0.2);
  const { log: other, time: otherTime } = createShakyLog(0.7);
  const [first = ""] = await append(log, alerts, event("a", 1));
  const [theirs = ""] = await append(other, alerts, event("a", 1));
  time.now += 1000;
  otherTime.now += 1000;
  const [last = ""] = await append(log, prices, event("a", 1));
  const [theirLast = ""] = await append(other, prices, event("a", 1));

  // Their numbers are far apart, so that what lies between in time does not lie between in number.
  assert(compareIds(first, theirs) < 0 && compareIds(theirs, last) < 0);
  assertEquals(await log.honours(theirs), false);
  assertEquals(await other.honours(last), false);
  assertEquals([await log.honours(last), await other.honours(theirLast)], [true, true]);
  const { ms, n } = parseId(first);
  for (const number of [0, n - 1, n + 2]) {
    assertEquals(await log.honours(`${ms + 1}-${number}`), false, String(number));
  }
});

Deno.test("createMemoryEventLog() remembers a publication's key for 24 hours", async () => {
  const { log, time } = createShakyLog();
  const idempotencyKey = { key: "k", fingerprint: "f" };
  const kinds: string[] = [];
  for (const step of [0, DAY_MS, 1]) {
    time.now += step;
    kinds.push((await log.append(alerts, [event("a", 1)], { idempotencyKey })).kind);
  }
  assertEquals(kinds, ["appended", "repeated", "appended"]);
});

Deno.test("createMemoryEventLog() remembers 50,000 keys at most", async () => {
  const { log } = createShakyLog();
  const kindOf = async (n: number) =>
    (await log.append(prices, [event("a", n)], {
      idempotencyKey: { key: String(n), fingerprint: "f" },
    }))
      .kind;
  for (let n = 0; n <= 50_000; n++) await kindOf(n);
  assertEquals([await kindOf(1), await kindOf(0)], ["repeated", "appended"]);
});

Deno.test("createMemoryEventLog() keeps pages it gave away as they were", async () => {
  const { log } = createShakyLog();
  await append(log, alerts, event("a", 1));
  const pages = [await log.latest(alerts, 1000), await log.after(alerts, "0-0", 1000)];
  await append(log, alerts, event("a", 2));
  assertEquals(pages.map(({ events }) => events.length), [1, 1]);
});

Deno.test("createMemoryEventLog() keeps 64 MiB at most, whatever the number of events allows", async () => {
  const { log } = createShakyLog(0.5, { retainEvents: 100_000, retainMs: DAY_MS });
  const big = { ...event("a", 1), json: JSON.stringify("x".repeat(60_000)) };
  for (let n = 0; n < 1200; n++) await log.append(alerts, [big]);
  const { events, truncatedAt: lost } = await log.after(alerts, "0-0", Infinity);
  assertEquals(Math.floor(events.length * (big.json.length + 64) / 2 ** 20), 63);
  assertEquals(events[0]?.prevId, lost);
});

Deno.test("createMemoryEventLog() takes nothing from a topic for many others that are small", async () => {
  const clock = createManualClock();
  const log = createMemoryEventLog({ clock, random: () => 0.5 }, {
    retainEvents: 1000,
    retainMs: 86_400_000,
  });
  const large = { ...event("a", 1), json: JSON.stringify("x".repeat(100_000)) };
  for (let n = 0; n < 20; n++) await log.append(alerts, [large]);
  for (let n = 0; n < 1000; n++) await log.append({ ...notes, name: `n/${n}` }, [event("n", n)]);
  await log.append(alerts, [large]);
  assertEquals((await log.latest(alerts, 10_000_000)).events.length, 21);
});
