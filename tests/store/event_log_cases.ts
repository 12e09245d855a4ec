/**
 * The tests that every event log passes, in memory and in Redis.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { LogMessage } from "../../lib/core/event.ts";
import { isPosition, ORIGIN, parseId, type Position } from "../../lib/core/position.ts";
import { type EventLog, MAX_BATCH_EVENTS, type Retention } from "../../lib/store/event_log.ts";
import { compareIds } from "../support/order.ts";
import {
  alerts,
  append,
  bytesOf,
  collectMessages,
  event,
  idsOf,
  notes,
  prices,
  subscribeJoined,
} from "./support.ts";

/** A new log, and control of its time. */
export interface LogUnderTest extends AsyncDisposable {
  readonly log: EventLog;
  /** Lets time pass for the log. */
  pass(ms: number): Promise<void>;
}

const DEFAULT_RETENTION: Retention = { retainEvents: 1000, retainMs: 86_400_000 };
const MUCH = 1_000_000;

/**
 * Registers the tests for one kind of log.
 *
 * @param create Creates a log for one test.
 * @param register Registers a test, instead of `Deno.test`.
 */
export function eventLogCases(
  name: string,
  create: (retention: Retention) => Promise<LogUnderTest>,
  register: (name: string, fn: () => Promise<void>) => void = Deno.test,
): void {
  function test(
    behaviour: string,
    check: (test: LogUnderTest) => Promise<void>,
    retention: Partial<Retention> = {},
  ): void {
    register(`${name}: ${behaviour}`, async () => {
      await using logUnderTest = await create({ ...DEFAULT_RETENTION, ...retention });
      await check(logUnderTest);
    });
  }

  test("append() assigns growing ids over all topics, and stores the events unchanged", async ({ log }) => {
    const ids: Position[] = [];
    for (const topic of [alerts, prices, notes, alerts]) {
      ids.push(...await append(log, topic, event("a", 1), event("b", 2)));
    }
    assert(ids.every(isPosition));
    assertEquals(ids.toSorted(compareIds), ids);
    assertEquals(new Set(ids).size, 8);
    const { events } = await log.after(notes, ORIGIN, MUCH);
    assertEquals(events, [
      { ...event("a", 1), topic: "notes", prevId: null, id: ids[4] ?? "" },
      { ...event("b", 2), topic: "notes", prevId: ids[4] ?? "", id: ids[5] ?? "" },
    ]);
  });

  test("head() is the epoch of an empty log, then the newest id of all topics", async ({ log }) => {
    const epoch = await log.head();
    assertEquals(parseId(epoch).n, 0);
    assertEquals(await log.head(), epoch);
    const [, last] = await append(log, prices, event("a", 1), event("b", 2));
    assertEquals(await log.head(), last);
    const [next = ""] = await append(log, alerts, event("a", 1));
    assertEquals(await log.head(), next);
    assert(compareIds(epoch, next) < 0);
  });

  test(
    "honours() every cursor from the epoch to the head, evicted and replaced events included",
    async ({ log }) => {
      const epoch = await log.head();
      const ids = [
        ...await append(log, alerts, event("a", 1), event("a", 2)),
        ...await append(log, prices, event("a", 1)),
        ...await append(log, prices, event("a", 2)),
      ];
      for (const cursor of [epoch, ...ids]) assert(await log.honours(cursor), cursor);

      const { ms, n } = parseId(ids.at(-1) ?? "");
      const older = parseId(epoch).ms - 1;
      for (const cursor of [`${ms}-${n + 1}`, `${ms + 1}-${n}`, `${older}-${n}`, `${older}-0`]) {
        assert(!await log.honours(cursor), cursor);
      }
    },
    { retainEvents: 1 },
  );

  test(
    "an event of a log topic has the id before it on its topic as prevId, evicted or not",
    async ({ log }) => {
      const [first = ""] = await append(log, alerts, event("a", 1));
      await append(log, notes, event("a", 1));
      const [second = "", third = ""] = await append(log, alerts, event("a", 2), event("a", 3));
      const { events } = await log.after(alerts, ORIGIN, MUCH);
      assertEquals(events.map(({ id, prevId }) => [id, prevId]), [[second, first], [
        third,
        second,
      ]]);
    },
    { retainEvents: 2 },
  );

  test(
    "a state topic retains the newest event of each key, in the order of ids",
    async ({ log }) => {
      const before = await append(log, prices, event("a", 1), event("b", 1), event("c", 1));
      const [a = "", c = ""] = await append(log, prices, event("a", 2), event("c", 2));
      const page = await log.latest(prices, MUCH);
      assertEquals(page.events.map(({ id, json, prevId }) => [id, json, prevId]), [
        [before[1] ?? "", "1", null],
        [a, "2", null],
        [c, "2", null],
      ]);
      assertEquals(idsOf(await log.after(prices, before[2] ?? "", MUCH)), [a, c]);
      assertEquals(idsOf(await log.after(prices, a, MUCH)), [c]);
    },
    { retainEvents: 1 },
  );

  test(
    "a log topic retains its number of events, and reports where it is truncated",
    async ({ log }) => {
      const [other] = await append(log, notes, event("a", 0));
      const ids = await append(log, alerts, event("a", 1), event("a", 2), event("a", 3));
      const whole = await log.after(alerts, ORIGIN, MUCH);
      assertEquals([whole.truncatedAt, whole.oldestId, idsOf(whole)], [null, ids[0] ?? "", ids]);

      const more = await append(log, alerts, event("a", 4), event("a", 5));
      for (const page of [await log.after(alerts, ORIGIN, MUCH), await log.latest(alerts, MUCH)]) {
        assertEquals([page.truncatedAt, page.oldestId, page.isWhole], [
          ids[1] ?? "",
          ids[2] ?? "",
          true,
        ]);
        assertEquals(idsOf(page), [ids[2] ?? "", ...more]);
      }
      const { truncatedAt, oldestId } = await log.after(notes, ORIGIN, MUCH);
      assertEquals([truncatedAt, oldestId], [null, other ?? ""]);
    },
    { retainEvents: 3 },
  );

  test(
    "a log topic retains events for its time, and reports where it is truncated",
    async ({ log, pass }) => {
      const [first = ""] = await append(log, alerts, event("a", 1));
      await append(log, prices, event("a", 1));
      await pass(600);
      const [second = ""] = await append(log, alerts, event("a", 2));
      await pass(600);
      const half = await log.after(alerts, ORIGIN, MUCH);
      assertEquals([half.truncatedAt, half.oldestId, idsOf(half)], [first, second, [second]]);
      await pass(600);
      const empty = await log.latest(alerts, MUCH);
      assertEquals([empty.truncatedAt, empty.oldestId, empty.events.length], [second, null, 0]);
      const [third = ""] = await append(log, alerts, event("a", 3));
      const again = await log.after(alerts, first, MUCH);
      assertEquals([again.truncatedAt, again.oldestId, again.events[0]?.prevId], [
        second,
        third,
        second,
      ]);
      assertEquals((await log.latest(prices, MUCH)).events.length, 1);
    },
    { retainMs: 1000 },
  );

  test("a topic without a publication is empty, and not truncated", async ({ log }) => {
    await append(log, notes, event("a", 1));
    const nothing = { events: [], isWhole: true, truncatedAt: null, oldestId: null };
    assertEquals(await log.after(alerts, ORIGIN, MUCH), nothing);
    assertEquals(await log.latest(alerts, MUCH), nothing);
  });

  test("after() returns the first events that fit, and at least one", async ({ log }) => {
    const batch = ["1", "22", "333", "4444"].map((json) => event("a", Number(json)));
    const ids = await append(log, alerts, ...batch);
    const { events, oldestId } = await log.after(alerts, ORIGIN, MUCH);
    const two = bytesOf(events.slice(0, 2));
    for (const [bytes, count] of [[two, 2], [two - 1, 1], [0, 1]] as const) {
      const page = await log.after(alerts, ORIGIN, bytes);
      assertEquals([idsOf(page), page.isWhole, page.oldestId], [
        ids.slice(0, count),
        false,
        oldestId,
      ]);
    }
    const rest = await log.after(alerts, ids[2] ?? "", 0);
    assertEquals([idsOf(rest), rest.isWhole], [ids.slice(3), true]);
    const none = await log.after(alerts, ids[3] ?? "", MUCH);
    assertEquals([none.events, none.isWhole, none.oldestId], [[], true, ids[0] ?? ""]);
  });

  test("latest() returns the last events that fit, and at least one", async ({ log }) => {
    const batch = ["1", "22", "333", "4444"].map((json) => event("a", Number(json)));
    const ids = await append(log, alerts, ...batch);
    const { events } = await log.latest(alerts, MUCH);
    const two = bytesOf(events.slice(2));
    for (const [bytes, count] of [[bytesOf(events), 4], [two, 2], [two - 1, 1], [0, 1]] as const) {
      const page = await log.latest(alerts, bytes);
      assertEquals([idsOf(page), page.isWhole], [ids.slice(4 - count), count === 4]);
    }
  });

  test("latest() returns every key of a state topic, whatever its size", async ({ log }) => {
    const ids = await append(log, prices, event("a", 1), event("b", 2));
    const page = await log.latest(prices, 0);
    assertEquals([idsOf(page), page.isWhole], [ids, true]);
  });

  test("subscribe() emits joined, then every publication whole and in order, until it is cancelled", async ({ log }) => {
    const epoch = await log.head();
    await append(log, alerts, event("a", 0));
    const [one, other] = [collectMessages(log.subscribe()), collectMessages(log.subscribe())];
    const here: LogMessage = { kind: "joined", epoch, head: await log.head() };
    assertEquals([await one.next(), await other.next()], [here, here]);
    const first = await append(log, alerts, event("a", 1), event("b", 2));
    const second = await append(log, prices, event("a", 3));
    assertEquals(await one.published(2), [first, second]);
    await one.cancel();
    const third = await append(log, notes, event("a", 4));
    assertEquals(await other.published(3), [first, second, third]);
    await other.cancel();
  });

  test("subscribe() emits events as the log stores them", async ({ log }) => {
    await append(log, alerts, event("a", 1));
    const subscriber = await subscribeJoined(log);
    await append(
      log,
      alerts,
      { ...event("é", 2), json: '"Zürich\\n\u2028, {} \ud83d\ude00"' },
      event("b", 3),
    );
    const message = await subscriber.next();
    assert(message.kind === "published");
    assertEquals(message.events, (await log.after(alerts, ORIGIN, MUCH)).events.slice(1));
    await subscriber.cancel();
  });

  test("subscribe() joins an empty log at its epoch", async ({ log }) => {
    const subscriber = collectMessages(log.subscribe());
    const first = await subscriber.next();
    const epoch = await log.head();
    assertEquals(first, { kind: "joined", epoch, head: epoch });
    const ids = await append(log, alerts, event("a", 1));
    assertEquals(await subscriber.published(1), [ids]);
    const page = await log.after(alerts, epoch, MUCH);
    assertEquals([page.truncatedAt, idsOf(page)], [null, ids]);
    await subscriber.cancel();
  });

  test("append() refuses more events than a batch may have", async ({ log }) => {
    const batch = Array.from({ length: MAX_BATCH_EVENTS + 1 }, (_, n) => event("a", n));
    const before = await log.head();
    await assertRejects(() => log.append(alerts, batch), RangeError);
    assertEquals(await log.head(), before);
    const ids = await append(log, prices, ...batch.slice(1));
    assertEquals([new Set(ids).size, ids.toSorted(compareIds)], [MAX_BATCH_EVENTS, ids]);
  });

  test("append() retracts events without a gap", async ({ log }) => {
    const ids = await append(log, alerts, event("a", 1), event("a", 2), event("a", 3));
    const subscriber = await subscribeJoined(log);
    const retracts = [ids[0] ?? "", ids[2] ?? ""];
    const appended = await log.append(alerts, [event("a", 4)], { retracts });
    assert(appended.kind === "appended");
    const [taken = ""] = appended.ids;
    const message = await subscriber.next();
    assert(message.kind === "published");
    assertEquals([idsOf(message), message.retracted], [[taken], retracts]);
    for (const page of [await log.after(alerts, ORIGIN, MUCH), await log.latest(alerts, MUCH)]) {
      assertEquals(page.events.map(({ id, prevId }) => [id, prevId]), [
        [ids[1] ?? "", null],
        [taken, ids[1] ?? ""],
      ]);
      assertEquals(page.truncatedAt, null);
    }
    await subscriber.cancel();
  });

  test(
    "append() retracts the oldest retained events without moving the truncation",
    async ({ log }) => {
      const ids = await append(log, alerts, event("a", 1), event("a", 2), event("a", 3));
      const [fourth = ""] = await append(log, alerts, event("a", 4));
      const { truncatedAt } = await log.latest(alerts, MUCH);
      assertEquals(truncatedAt, ids[0] ?? "");
      const appended = await log.append(alerts, [event("a", 5)], {
        retracts: [ids[1] ?? "", ids[2] ?? ""],
      });
      assert(appended.kind === "appended");
      const page = await log.after(alerts, ids[0] ?? "", MUCH);
      assertEquals([page.truncatedAt, page.oldestId], [ids[0] ?? "", fourth]);
      assertEquals(page.events.map(({ id, prevId }) => [id, prevId]), [
        [fourth, ids[0] ?? ""],
        [appended.ids[0] ?? "", fourth],
      ]);
    },
    { retainEvents: 3 },
  );

  test("append() retracts all events of a topic without moving the truncation", async ({ log }) => {
    const ids = await append(log, alerts, event("a", 1), event("a", 2));
    const appended = await log.append(alerts, [event("a", 3)], { retracts: [ids[1] ?? "", "1-1"] });
    assert(appended.kind === "appended");
    const page = await log.latest(alerts, MUCH);
    assertEquals([page.truncatedAt, page.oldestId], [ids[0] ?? "", appended.ids[0] ?? ""]);
    assertEquals(page.events[0]?.prevId, ids[0] ?? "");
  }, { retainEvents: 1 });

  test("append() returns the same ids for a repeated idempotency key, and publishes nothing", async ({ log }) => {
    const idempotencyKey = { key: "publisher POST /x 1", fingerprint: "one" };
    const subscriber = await subscribeJoined(log);
    const appended = await log.append(alerts, [event("a", 1), event("a", 2)], { idempotencyKey });
    assert(appended.kind === "appended");
    const { ids } = appended;
    assertEquals(await log.append(alerts, [event("a", 1), event("a", 2)], { idempotencyKey }), {
      kind: "repeated",
      ids,
    });
    const other = { idempotencyKey: { ...idempotencyKey, fingerprint: "other" } };
    assertEquals(await log.append(alerts, [event("a", 9)], other), { kind: "conflict" });
    assertEquals([idsOf(await log.latest(alerts, MUCH)), await log.head()], [ids, ids[1] ?? ""]);
    // Another key is another publication, whatever its body.
    const next = await log.append(alerts, [event("a", 1)], {
      idempotencyKey: { ...idempotencyKey, key: "2" },
    });
    assert(next.kind === "appended");
    assertEquals(await subscriber.published(2), [ids, next.ids]);
    await subscriber.cancel();
  });
}
