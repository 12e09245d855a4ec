import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  BarRecorder,
  type BarRecorderOptions,
  decodeRing,
  ringKey,
} from "../../../../lib/topics/quotes/history/bar_recorder.ts";
import { DAILY_RING, FINE_RING, HOURLY_RING } from "../../../../lib/topics/quotes/history/range.ts";
import type { Span } from "../../../../lib/topics/quotes/market_hours.ts";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Reading,
} from "../../../../lib/topics/quotes/providers/provider.ts";
import { StoreUnavailable } from "../../../../lib/store/errors.ts";
import { createMemoryStore } from "../../../../lib/store/memory/store.ts";
import type { Store } from "../../../../lib/store/store.ts";
import { propertyRuns } from "../../../support/property_runs.ts";
import { createManualClock, type ManualClock } from "../../../support/manual_clock.ts";

const START = Date.parse("2026-11-30T12:00:00Z");
const MINUTE_MS = 60_000;

/** A recorder under test, with the store that isolates share. */
interface RecorderUnderTest {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly recorder: BarRecorder;
  readonly warnings: string[];
  /** Creates the recorder of another isolate. */
  another(): BarRecorder;
  /** Adds a price that is received now, without a market time unless `asOf` is given. */
  add(price: string, recorder?: BarRecorder, asOf?: string | null): void;
}

function createTest(
  { spanAt = () => null, store, providers = [] }: {
    spanAt?: (ms: number) => Span | null;
    store?: Store;
    providers?: BarRecorderOptions["providers"];
  } = {},
): RecorderUnderTest {
  const clock = createManualClock(START);
  const shared = store ?? createMemoryStore(clock);
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, warn: (text: string) => warnings.push(text), error() {} };
  const another = () =>
    new BarRecorder({
      runtime: { clock, log },
      store: shared,
      symbols: ["XAU-USD"],
      providers,
      spanAt: (_symbol, ms) => spanAt(ms),
    });
  const recorder = another();
  return {
    clock,
    store: shared,
    recorder,
    warnings,
    another,
    add(price, to = recorder, asOf = null) {
      const reading: Reading = {
        symbol: "XAU-USD",
        price,
        ...NO_BASELINE,
        ...NO_FIGURES,
        session: null,
        as_of: asOf,
        received_at: new Date(clock.now()).toISOString(),
        receivedElapsed: clock.elapsed(),
        is_delayed: false,
        delay_s: null,
      };
      to.add(reading, "gold-api");
    },
  };
}

function pricesOf(recorder: BarRecorder): string[][] {
  return recorder.barsOf("XAU-USD", "gold-api").map(([, ...rest]) => rest.slice(0, 4).map(String));
}

async function storedBars(store: Store, ring = FINE_RING) {
  return decodeRing(await store.get(ringKey(ring, "XAU-USD"))).get("gold-api") ?? [];
}

Deno.test("BarRecorder adds prices to bars of five minutes, aligned to the hour", async () => {
  const { clock, recorder, add } = createTest();
  await recorder.start(true);
  for (const price of ["4100", "4103", "4099", "4101"]) {
    add(price);
    await clock.advance(MINUTE_MS);
  }
  await clock.advance(MINUTE_MS);
  add("4102");
  assertEquals(recorder.barsOf("XAU-USD", "gold-api"), [
    [START, "4100", "4103", "4099", "4101", null],
    [START + 5 * MINUTE_MS, "4102", "4102", "4102", "4102", null],
  ]);
  await recorder.stop();
  assertEquals(clock.timers, 0);
});

Deno.test("BarRecorder writes the bars every five minutes and when it stops, and the next leader continues them", async () => {
  const { clock, store, recorder, another, add } = createTest();
  await recorder.start(true);
  add("4100");
  add("4101");
  assertEquals(await storedBars(store), []);
  await clock.advance(5 * MINUTE_MS);
  assertEquals((await storedBars(store)).length, 1);
  add("4102");
  await recorder.stop();
  assertEquals((await storedBars(store)).length, 2);

  const successor = another();
  await successor.start(true);
  add("4105", successor);
  assertEquals(pricesOf(successor), [
    ["4100", "4101", "4100", "4101"],
    ["4102", "4105", "4102", "4105"],
  ]);
  await successor.stop();
  assertEquals((await storedBars(store)).at(-1)?.[4], "4105");
});

Deno.test("BarRecorder keeps the bars that another leader has written meanwhile", async () => {
  const { clock, store, recorder, another, add } = createTest();
  const other = another();
  await recorder.start(true);
  await other.start(true);
  add("4100");
  add("4100");
  await clock.advance(5 * MINUTE_MS);
  add("4200", other);
  add("4200", other);
  await other.stop();
  await clock.advance(5 * MINUTE_MS);
  add("4110");
  await recorder.stop();
  assertEquals((await storedBars(store)).map(([, open]) => open), ["4100", "4200", "4110"]);
});

Deno.test("BarRecorder rolls finer bars up to hours and days, also those of a previous leader", async () => {
  const { clock, store, recorder, another, add } = createTest();
  await recorder.start(true);
  for (const price of ["4100", "4120", "4090"]) {
    add(price);
    await clock.advance(10 * MINUTE_MS);
  }
  await recorder.stop();
  await clock.advance(60 * MINUTE_MS);
  const successor = another();
  await successor.start(true);
  add("4095", successor);
  await successor.stop();
  assertEquals(await storedBars(store, HOURLY_RING), [
    [START, "4100", "4120", "4090", "4090", null],
    [START + 60 * MINUTE_MS, "4095", "4095", "4095", "4095", null],
  ]);
  assertEquals(await storedBars(store, DAILY_RING), [
    [Date.parse("2026-11-30T00:00:00Z"), "4100", "4120", "4090", "4095", null],
  ]);
});

Deno.test("BarRecorder counts a session that begins on the evening before as one day", async () => {
  const closesAt = Date.parse("2026-12-01T22:00:00Z");
  const opensAt = Date.parse("2026-11-30T23:00:00Z");
  const { clock, store, recorder, add } = createTest({
    spanAt: (ms) =>
      ms < opensAt || ms >= closesAt
        ? { isOpen: false, start: opensAt - 60 * MINUTE_MS, end: opensAt }
        : { isOpen: true, start: opensAt, end: closesAt },
  });
  await recorder.start(true);
  await clock.advance(opensAt - START);
  for (const price of ["4100", "4100", "4110", "4120"]) {
    add(price);
    await clock.advance(45 * MINUTE_MS);
  }
  await recorder.stop();
  assertEquals((await storedBars(store, DAILY_RING)).map(([startAt]) => startAt), [
    Date.parse("2026-12-01T00:00:00Z"),
  ]);
});

Deno.test("BarRecorder keeps at most a day of its finest bars, and its commands do not grow with the prices", async () => {
  const clock = createManualClock(START);
  const memory = createMemoryStore(clock);
  const calls = { getMany: 0, set: 0 };
  const store: Store = {
    ...memory,
    getMany(keys) {
      calls.getMany++;
      return memory.getMany(keys);
    },
    set(...args) {
      calls.set++;
      return memory.set(...args);
    },
  };
  const recorder = new BarRecorder({
    runtime: { clock, log: { debug() {}, info() {}, warn() {}, error() {} } },
    store,
    symbols: ["XAU-USD"],
    providers: [],
    spanAt: () => null,
  });
  await recorder.start(true);
  for (let minute = 0; minute < 26 * 60; minute++) {
    const received_at = new Date(clock.now()).toISOString();
    for (const price of ["4100", "4101"]) {
      recorder.add({
        symbol: "XAU-USD",
        price,
        ...NO_BASELINE,
        ...NO_FIGURES,
        session: null,
        as_of: null,
        received_at,
        receivedElapsed: clock.elapsed(),
        is_delayed: false,
        delay_s: null,
      }, "gold-api");
    }
    await clock.advance(MINUTE_MS);
  }
  assertEquals((await storedBars(store)).length, FINE_RING.maxBars);
  // 12 writes of the finest ring per hour, and one of each longer ring, each after a read.
  assertEquals([calls.set <= 26 * 14 + 2, calls.getMany <= 26 * 14 + 3], [true, true]);
  await recorder.stop();
});

Deno.test("BarRecorder does not record a slip: a price counts once another one is close to it", async () => {
  const { recorder, add } = createTest();
  await recorder.start(true);
  add("416.52"); // a slip in the first response
  add("4165.20");
  add("4165.30");
  assertEquals(pricesOf(recorder), [["4165.20", "4165.30", "4165.20", "4165.30"]]);
  add("41.65");
  add("4165.40");
  assertEquals(pricesOf(recorder), [["4165.20", "4165.40", "4165.20", "4165.40"]]);
  await recorder.stop();
});

Deno.test("BarRecorder records a real fall once it is confirmed", async () => {
  const { recorder, add } = createTest();
  await recorder.start(true);
  for (const price of ["100", "100", "60", "61"]) add(price);
  assertEquals(pricesOf(recorder), [["100", "100", "60", "61"]]);
  await recorder.stop();
});

Deno.test("BarRecorder counts the price of a closed market as that of its close, and leaves out trades outside the hours", async () => {
  const closedAt = START + 2 * MINUTE_MS;
  const { clock, recorder, add } = createTest({
    spanAt: (ms) =>
      ms < closedAt
        ? { isOpen: true, start: START - 600 * MINUTE_MS, end: closedAt }
        : { isOpen: false, start: closedAt, end: START + 600 * MINUTE_MS },
  });
  await recorder.start(true);
  add("4100");
  add("4100");
  await clock.advance(60 * MINUTE_MS);
  add("4104"); // The source repeats its last price without a time.
  add("4104");
  const late = (ms: number) => new Date(closedAt + ms).toISOString();
  add("4105", recorder, late(4000)); // a print after the bell
  add("4200", recorder, late(40 * MINUTE_MS)); // a trade after hours
  assertEquals(recorder.barsOf("XAU-USD", "gold-api"), [
    [START, "4100", "4105", "4100", "4105", null],
  ]);
  await recorder.stop();
});

Deno.test("BarRecorder starts and records without a store, and writes once it answers", async () => {
  const memory = createMemoryStore(createManualClock());
  let isDown = true;
  const guard = <T>(call: () => Promise<T>) =>
    isDown ? Promise.reject(new StoreUnavailable()) : call();
  const store: Store = {
    ...memory,
    getMany: (keys) => guard(() => memory.getMany(keys)),
    set: (...args) => guard(() => memory.set(...args)),
  };
  const { clock, recorder, add, warnings } = createTest({ store });
  await recorder.start(true);
  add("4100");
  add("4101");
  await clock.advance(5 * MINUTE_MS);
  assertEquals(warnings.length > 0, true);
  isDown = false;
  await clock.advance(5 * MINUTE_MS);
  assertEquals((await storedBars(memory)).length, 1);
  await recorder.stop();
});

Deno.test("BarRecorder writes nothing in an isolate that does not lead", async () => {
  const { clock, store, recorder, add } = createTest();
  await recorder.start(false);
  add("4100");
  add("4101");
  await clock.advance(10 * MINUTE_MS);
  await recorder.stop();
  assertEquals(await storedBars(store), []);
});

Deno.test("BarRecorder writes no longer rings for a source that has a history of its own", async () => {
  const readHistory = () => Promise.resolve({ intervalMs: 1, bars: [], prevClose: null });
  const { clock, store, recorder, add } = createTest({
    providers: [{ name: "gold-api", readHistory }],
  });
  await recorder.start(true);
  add("4100");
  add("4101");
  await clock.advance(5 * MINUTE_MS);
  await recorder.stop();
  assertEquals((await storedBars(store)).length, 1);
  assertEquals([await storedBars(store, HOURLY_RING), await storedBars(store, DAILY_RING)], [
    [],
    [],
  ]);
});

Deno.test("BarRecorder drops bars that are older than their ring", async () => {
  const { clock, store, recorder, add } = createTest();
  await recorder.start(true);
  for (let day = 0; day < 10; day++) {
    add("4100");
    add("4100");
    await clock.advance(24 * 60 * MINUTE_MS);
  }
  await recorder.stop();
  assertEquals((await storedBars(store)).length, 8);
});

Deno.test("baselineOf() is the same for every leader over one store", async () => {
  const { clock, recorder, another, add } = createTest();
  await recorder.start(true);
  add("4000");
  add("4000");
  await clock.advance((24 * 60 + 1) * MINUTE_MS);
  await recorder.stop();
  const successor = another();
  await successor.start(true);
  for (const each of [recorder, successor]) {
    assertEquals(each.baselineOf("XAU-USD", "gold-api"), { price: "4000", basis: "rolling_24h" });
    assertEquals(each.baselineOf("XAU-USD", "another"), null);
  }
  await successor.stop();
});

Deno.test("latestOf() is the last price of the last hour or two, also for the next leader", async () => {
  const { clock, recorder, another, add } = createTest();
  await recorder.start(true);
  add("4000");
  add("4001");
  await recorder.stop();
  const successor = another();
  await successor.start(true);
  assertEquals(successor.latestOf("XAU-USD", "gold-api"), "4001");
  assertEquals(successor.latestOf("XAU-USD", "another"), null);
  await clock.advance(3 * 60 * MINUTE_MS);
  assertEquals(successor.latestOf("XAU-USD", "gold-api"), null);
  await successor.stop();
});

Deno.test("BarRecorder keeps bars that are in order, bounded and possible, whatever leaders come and go", async () => {
  const step = fc.record({
    minutes: fc.integer({ min: 0, max: 90 }),
    change: fc.constantFrom(-0.3, -0.01, 0, 0.01, 0.5),
    takeover: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, store, recorder, another, add } = createTest();
      let leader = recorder;
      let price = 4000;
      await leader.start(true);
      for (const { minutes, change, takeover } of steps) {
        if (takeover) {
          await leader.stop();
          leader = another();
          await leader.start(true);
        }
        price *= 1 + change;
        add(price.toFixed(2), leader);
        await clock.advance(minutes * MINUTE_MS);
      }
      await leader.stop();
      const fine = await storedBars(store);
      assertEquals(leader.barsOf("XAU-USD", "gold-api"), fine);
      for (const ring of [FINE_RING, HOURLY_RING, DAILY_RING]) {
        const bars = await storedBars(store, ring);
        const times = bars.map(([startAt]) => startAt);
        assertEquals(times, [...new Set(times)].toSorted((a, b) => a - b));
        assertEquals(bars.length <= ring.maxBars, true);
        for (const [startAt, ...prices] of bars) {
          const [open = NaN, high = NaN, low = NaN, close = NaN] = prices.map(Number);
          assertEquals(startAt % ring.intervalMs, 0);
          assertEquals(low <= Math.min(open, close) && high >= Math.max(open, close), true);
        }
      }
    }),
    { numRuns: propertyRuns(30) },
  );
});

Deno.test("decodeRing() reads nothing from a text of another version", () => {
  assertEquals(decodeRing('{"bars":[]}').get("gold-api"), undefined);
  assertEquals(decodeRing(null).size, 0);
});
