/**
 * The tests that every store and every lease passes, in memory and in Redis.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Fence, Lease } from "../../lib/store/lease.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { PATIENCE_MS, within } from "../support/within.ts";
import { alerts, event, subscribeJoined, thing } from "./support.ts";

/** New state, and control of its time. */
export interface StateUnderTest extends AsyncDisposable {
  readonly state: SharedState;
  /** Returns the view that another isolate has of a lease. */
  rival(name: string): Lease;
  /** Lets time pass: a lease or value with a TTL of `ms` milliseconds has expired afterwards. */
  pass(ms: number): Promise<void>;
}

/**
 * Registers the tests for one kind of state.
 *
 * @param create Creates state for one test.
 * @param register Registers a test, instead of `Deno.test`.
 */
export function sharedStateCases(
  name: string,
  create: () => Promise<StateUnderTest>,
  register: (name: string, fn: () => Promise<void>) => void = Deno.test,
): void {
  function test(behaviour: string, check: (test: StateUnderTest) => Promise<void>): void {
    register(`${name}: ${behaviour}`, async () => {
      await using stateUnderTest = await create();
      await check(stateUnderTest);
    });
  }

  test("set() stores a value until it is replaced or taken", async ({ state: { store } }) => {
    assertEquals(await store.get("a"), null);
    await store.set("a", "Zürich");
    assertEquals(await store.get("a"), "Zürich");
    await store.set("a", '{"n":1}');
    assertEquals(await store.take("a"), '{"n":1}');
    assertEquals([await store.take("a"), await store.get("a")], [null, null]);
  });

  test("getMany() reads any number of values, in the order of their keys", async ({ state: { store } }) => {
    const names = Array.from({ length: 150 }, (_, n) => `many-${n}`);
    await store.set("many-0", "first");
    await store.set("many-149", "last");
    const values = await store.getMany(names);
    assertEquals([values.length, values[0], values[1], values[149]], [150, "first", null, "last"]);
    assertEquals(await store.getMany([]), []);
  });

  test("take() returns a value to one of several concurrent callers", async ({ state: { store } }) => {
    await store.set("ticket", "yours");
    const taken = await Promise.all(Array.from({ length: 10 }, () => store.take("ticket")));
    assertEquals(taken.filter((value) => value !== null), ["yours"]);
  });

  test("a value expires after its TTL", async ({ state: { store }, pass }) => {
    await store.set("a", "short", 50);
    await store.set("b", "long");
    await store.cas("c", null, "short", 50);
    await pass(60);
    assertEquals([await store.get("a"), await store.get("b"), await store.get("c")], [
      null,
      "long",
      null,
    ]);
  });

  test("cas() replaces the expected value, and returns the current one otherwise", async ({ state: { store } }) => {
    assertEquals(await store.cas("a", "1", "2"), null);
    assertEquals(await store.cas("a", null, "1"), "1");
    assertEquals(await store.cas("a", null, "2"), "1");
    assertEquals(await store.cas("a", "1", "2"), "2");
    assertEquals(await store.cas("a", "2", null), null);
    assertEquals(await store.get("a"), null);
  });

  test("cas() succeeds for one of several concurrent callers", async ({ state: { store } }) => {
    const names = Array.from({ length: 10 }, (_, n) => String(n));
    const current = await Promise.all(names.map((name) => store.cas("a", null, name)));
    assertEquals(names.filter((name, i) => current[i] === name).length, 1);
    assertEquals(new Set(current).size, 1);
  });

  test("append() publishes and sets a value, or does neither", async ({ state: { log, store } }) => {
    const change = async (expected: string | null, next: string) =>
      await log.append(alerts, [event("a", 1)], {
        cas: { key: "a", expected, next, ttlMs: 60_000 },
      });
    assertEquals(await change("0", "1"), { kind: "stale", current: null });
    assertEquals((await change(null, "1")).kind, "appended");
    assertEquals(await change(null, "2"), { kind: "stale", current: "1" });
    assertEquals((await change("1", "2")).kind, "appended");
    assertEquals([await store.get("a"), (await log.latest(alerts, 10_000)).events.length], [
      "2",
      2,
    ]);
  });

  test("append() publishes once if two callers set the same value", async ({ state: { log, store } }) => {
    const change = (expected: string | null) =>
      log.append(alerts, [event("a", 1)], {
        cas: { key: "a", expected, next: "ended", ttlMs: 60_000 },
      });
    const kinds = (await Promise.all([change(null), change(null)])).map(({ kind }) => kind);
    assertEquals(kinds.toSorted(), ["appended", "stale"]);
    assertEquals(await change("running"), { kind: "stale", current: "ended" });
    assertEquals(await store.get("a"), "ended");
    assertEquals((await log.latest(alerts, 10_000)).events.length, 1);
  });

  test("append() publishes concurrent changes of a value in the order in which they were set", async ({ state: { log, store } }) => {
    async function add(n: number): Promise<void> {
      let current = await store.get("a");
      for (;;) {
        const next = `${current ?? ""}${n}`;
        const cas = { key: "a", expected: current, next, ttlMs: 60_000 };
        const appended = await log.append(alerts, [event(next, n)], { cas });
        if (appended.kind !== "stale") return;
        current = appended.current;
      }
    }
    await Promise.all([1, 2, 3, 4, 5].map(add));
    const { events } = await log.latest(alerts, 10_000);
    const last = await store.get("a") ?? "";
    assertEquals(last.length, 5);
    assertEquals(events.map(({ key }) => key), [1, 2, 3, 4, 5].map((n) => last.slice(0, n)));
  });

  test("the log of a topic of a family expires with its value", async ({ state: { log, store }, pass }) => {
    const cas = { key: "a", expected: null, next: "1", ttlMs: 50 };
    await log.append(thing, [event("a", 1)], { cas });
    await log.append(alerts, [event("a", 1)], { cas: { ...cas, key: "d" } });
    await pass(60);
    // A log in memory searches for expired topics when another such topic changes, at intervals.
    const other = { ...thing, name: "things/b" };
    for (const key of ["b", "c"]) {
      await log.append(other, [event("b", 1)], { cas: { ...cas, key, ttlMs: 600_000 } });
      await pass(60_000);
    }
    assertEquals([await store.get("a"), await store.get("d")], [null, null]);
    const { events, truncatedAt, oldestId } = await log.latest(thing, 10_000);
    assertEquals([events, truncatedAt, oldestId], [[], null, null]);
    assertEquals((await log.latest(other, 10_000)).events.length, 2);
    assertEquals((await log.latest(alerts, 10_000)).events.length, 1, "it belongs to no family");
  });

  /** Sets a value with a publication, and adds its key to an open index or removes it. */
  async function setIndexed(
    { log }: SharedState,
    key: string,
    [expected, next]: readonly [string | null, string],
    isOpen: boolean,
    ttlMs = 60_000,
  ) {
    const openIndex = { name: "open", isOpen, max: 3 };
    return await log.append(alerts, [event(key, 1)], {
      cas: { key, expected, next, ttlMs, openIndex },
    });
  }

  test("all() reads the values whose keys are in an open index, and no others", async ({ state }) => {
    const { store } = state;
    assertEquals(await store.all("open"), []);
    await setIndexed(state, "a", [null, "1"], true);
    await setIndexed(state, "b", [null, "Zürich"], true);
    assertEquals((await store.all("open")).sort(), ["1", "Zürich"]);
    assertEquals(await store.all("other"), []);
    await setIndexed(state, "a", ["1", "2"], false);
    assertEquals([await store.all("open"), await store.get("a")], [["Zürich"], "2"]);
  });

  test("append() changes an open index and a value, or neither", async ({ state }) => {
    const { store } = state;
    await setIndexed(state, "a", [null, "1"], true);
    assertEquals((await setIndexed(state, "a", ["9", "2"], false)).kind, "stale");
    assertEquals((await setIndexed(state, "b", ["9", "2"], true)).kind, "stale");
    assertEquals(await store.all("open"), ["1"]);
  });

  test("append() publishes nothing if the open index is full, and a known key is stale", async ({ state }) => {
    const { log, store } = state;
    const keys = ["a", "b", "c", "d", "e"];
    const kinds = await Promise.all(keys.map((key) => setIndexed(state, key, [null, key], true)));
    assertEquals(kinds.filter(({ kind }) => kind === "full").length, 2);
    assertEquals((await store.all("open")).length, 3);
    assertEquals((await log.latest(alerts, 10_000)).events.length, 3);
    const [first = ""] = await store.all("open");
    assertEquals((await setIndexed(state, first, [null, "2"], true)).kind, "stale");
    assertEquals((await setIndexed(state, first, [first, "2"], false)).kind, "appended");
    assertEquals((await setIndexed(state, "f", [null, "f"], true)).kind, "appended");
  });

  test("all() removes a key from its open index if its value has expired", async ({ state, pass }) => {
    const { store } = state;
    for (const key of ["a", "b"]) await setIndexed(state, key, [null, key], true, 50);
    await setIndexed(state, "c", [null, "c"], true);
    await pass(60);
    assertEquals(await store.all("open"), ["c"]);
    for (const key of ["d", "e"]) {
      assertEquals(
        (await setIndexed(state, key, [null, key], true)).kind,
        "appended",
        "the index is not full",
      );
    }
  });

  test("a lease has one holder until it is released", async ({ state, rival }) => {
    const [ours, theirs] = [state.lease("polls"), rival("polls")];
    assertEquals(await ours.claim(), { isHeld: true });
    assertEquals(await ours.claim(), { isHeld: true });
    const claim = await theirs.claim();
    assert(!claim.isHeld && claim.leftMs > 0 && claim.leftMs <= theirs.ttlMs);
    assertEquals([await ours.renew(), await theirs.renew()], [true, false]);
    await theirs.release();
    assertEquals(await ours.renew(), true);
    await ours.release();
    assertEquals(await theirs.claim(), { isHeld: true });
    assertEquals((await rival("other").claim()).isHeld, true);
  });

  test("a lease expires, and append() fences its late holder", async ({ state, rival, pass }) => {
    const [ours, theirs] = [state.lease("polls"), rival("polls")];
    const write = async (fence: Fence) =>
      (await state.log.append(alerts, [event("a", 1)], { fence })).kind;
    assertEquals(await write(ours.fence), "fenced");
    await ours.claim();
    assertEquals([await write(ours.fence), await write(theirs.fence)], ["appended", "fenced"]);
    await pass(ours.ttlMs);
    assertEquals(await write(ours.fence), "fenced");
    assertEquals(await theirs.claim(), { isHeld: true });
    assertEquals(await ours.renew(), false);
    assertEquals([await write(ours.fence), await write(theirs.fence)], ["fenced", "appended"]);
  });

  test("seize() takes a lease from its holder, whom append() fences", async ({ state, rival }) => {
    const [ours, theirs] = [state.lease("polls"), rival("polls")];
    const write = async (fence: Fence) =>
      (await state.log.append(alerts, [event("a", 1)], { fence })).kind;
    await ours.claim();
    await theirs.seize();
    assertEquals([await write(ours.fence), await write(theirs.fence)], ["fenced", "appended"]);
    assertEquals([(await ours.claim()).isHeld, await theirs.renew()], [false, true]);
  });

  test("onFree() calls its listener when the holder releases the lease", async ({ state, rival }) => {
    const subscriber = await subscribeJoined(state.log);
    const [ours, theirs, other] = [state.lease("polls"), rival("polls"), rival("other")];
    await Promise.all([theirs.claim(), other.claim()]);
    const { promise: free, resolve } = Promise.withResolvers<void>();
    let calls = 0;
    ours.onFree(resolve);
    ours.onFree(() => calls++)();
    state.lease("other").onFree(() => calls++);
    await ours.release();
    await theirs.release();
    await within(PATIENCE_MS, "a released lease", free);
    assertEquals([calls, await ours.claim()], [0, { isHeld: true }]);
    await subscriber.cancel();
  });
}
