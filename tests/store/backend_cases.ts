/**
 * THE LIST of what leases and stores are held to, in memory or elsewhere.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Fence, Lease } from "../../lib/store/lease.ts";
import type { SharedState } from "../../lib/store/backend.ts";
import { PATIENCE_MS, within } from "../support/within.ts";
import { alerts, event, subscribeJoined, thing } from "./support.ts";

/** State that is new, and time to pass on it. */
export interface StateUnderTest extends AsyncDisposable {
  readonly state: SharedState;
  /** A lease as another isolate sees it. */
  rival(name: string): Lease;
  /** Lets time pass for leases and values: those that have a life of so many milliseconds have ended after it. */
  pass(ms: number): Promise<void>;
}

/**
 * Registers the list for one kind of state.
 *
 * @param create Creates state nobody else has.
 * @param register Registers a test, where that takes more than `Deno.test`.
 */
export function sharedStateCases(
  name: string,
  create: () => Promise<StateUnderTest>,
  register: (name: string, fn: () => Promise<void>) => void = Deno.test,
): void {
  function test(behaviour: string, check: (test: StateUnderTest) => Promise<void>): void {
    register(`${name}: ${behaviour}`, async () => {
      await using fresh = await create();
      await check(fresh);
    });
  }

  test("a value is kept until it is replaced or taken", async ({ state: { store } }) => {
    assertEquals(await store.get("a"), null);
    await store.set("a", "Zürich");
    assertEquals(await store.get("a"), "Zürich");
    await store.set("a", '{"n":1}');
    assertEquals(await store.take("a"), '{"n":1}');
    assertEquals([await store.take("a"), await store.get("a")], [null, null]);
  });

  test("of many who take a value, one gets it", async ({ state: { store } }) => {
    await store.set("ticket", "yours");
    const taken = await Promise.all(Array.from({ length: 10 }, () => store.take("ticket")));
    assertEquals(taken.filter((each) => each !== null), ["yours"]);
  });

  test("a value with a life ends with it", async ({ state: { store }, pass }) => {
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

  test("swap() replaces what is expected, and tells what is there instead", async ({ state: { store } }) => {
    assertEquals(await store.cas("a", "1", "2"), null);
    assertEquals(await store.cas("a", null, "1"), "1");
    assertEquals(await store.cas("a", null, "2"), "1");
    assertEquals(await store.cas("a", "1", "2"), "2");
    assertEquals(await store.cas("a", "2", null), null);
    assertEquals(await store.get("a"), null);
  });

  test("of many who swap at once, one wins", async ({ state: { store } }) => {
    const names = Array.from({ length: 10 }, (_, n) => String(n));
    const held = await Promise.all(names.map((each) => store.cas("a", null, each)));
    assertEquals(names.filter((each, i) => held[i] === each).length, 1);
    assertEquals(new Set(held).size, 1);
  });

  test("a value changes with a publication, or neither does", async ({ state: { log, store } }) => {
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

  test("of two who would put the same value, one publishes", async ({ state: { log, store } }) => {
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

  test("of many who change a value at once, each publishes what it put, in that order", async ({ state: { log, store } }) => {
    async function add(n: number): Promise<void> {
      let held = await store.get("a");
      for (;;) {
        const next = `${held ?? ""}${n}`;
        const cas = { key: "a", expected: held, next, ttlMs: 60_000 };
        const appended = await log.append(alerts, [event(next, n)], { cas });
        if (appended.kind !== "stale") return;
        held = appended.current;
      }
    }
    await Promise.all([1, 2, 3, 4, 5].map(add));
    const { events } = await log.latest(alerts, 10_000);
    const last = await store.get("a") ?? "";
    assertEquals(last.length, 5);
    assertEquals(events.map(({ key }) => key), [1, 2, 3, 4, 5].map((n) => last.slice(0, n)));
  });

  test("what is kept of a topic of a family goes with the value it changes with", async ({ state: { log, store }, pass }) => {
    const cas = { key: "a", expected: null, next: "1", ttlMs: 50 };
    await log.append(thing, [event("a", 1)], { cas });
    await log.append(alerts, [event("a", 1)], { cas: { ...cas, key: "d" } });
    await pass(60);
    // A log in memory looks for what has ended when another such topic changes, and not each time.
    const other = { ...thing, name: "things/b" };
    for (const key of ["b", "c"]) {
      await log.append(other, [event("b", 1)], { cas: { ...cas, key, ttlMs: 600_000 } });
      await pass(60_000);
    }
    assertEquals([await store.get("a"), await store.get("d")], [null, null]);
    const { events, truncatedAt: lost, oldestId: oldest } = await log.latest(thing, 10_000);
    assertEquals([events, lost, oldest], [[], null, null]);
    assertEquals((await log.latest(other, 10_000)).events.length, 2);
    assertEquals((await log.latest(alerts, 10_000)).events.length, 1, "it has others to tell of");
  });

  /** Puts a value with a publication, and its key on a roll or off it. */
  async function enrol(
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

  test("all() gives the values whose keys are on a roll, and no others", async ({ state }) => {
    const { store } = state;
    assertEquals(await store.all("open"), []);
    await enrol(state, "a", [null, "1"], true);
    await enrol(state, "b", [null, "Zürich"], true);
    assertEquals((await store.all("open")).sort(), ["1", "Zürich"]);
    assertEquals(await store.all("other"), []);
    await enrol(state, "a", ["1", "2"], false);
    assertEquals([await store.all("open"), await store.get("a")], [["Zürich"], "2"]);
  });

  test("a roll changes with its value, or neither does", async ({ state }) => {
    const { store } = state;
    await enrol(state, "a", [null, "1"], true);
    assertEquals((await enrol(state, "a", ["9", "2"], false)).kind, "stale");
    assertEquals((await enrol(state, "b", ["9", "2"], true)).kind, "stale");
    assertEquals(await store.all("open"), ["1"]);
  });

  test("a full roll takes no other key, and publishes nothing; what is there already is stale", async ({ state }) => {
    const { log, store } = state;
    const keys = ["a", "b", "c", "d", "e"];
    const kinds = await Promise.all(keys.map((key) => enrol(state, key, [null, key], true)));
    assertEquals(kinds.filter(({ kind }) => kind === "full").length, 2);
    assertEquals((await store.all("open")).length, 3);
    assertEquals((await log.latest(alerts, 10_000)).events.length, 3);
    const [first = ""] = await store.all("open");
    assertEquals((await enrol(state, first, [null, "2"], true)).kind, "stale");
    assertEquals((await enrol(state, first, [first, "2"], false)).kind, "appended");
    assertEquals((await enrol(state, "f", [null, "f"], true)).kind, "appended");
  });

  test("a key that has outlived its value is taken off its roll", async ({ state, pass }) => {
    const { store } = state;
    for (const key of ["a", "b"]) await enrol(state, key, [null, key], true, 50);
    await enrol(state, "c", [null, "c"], true);
    await pass(60);
    assertEquals(await store.all("open"), ["c"]);
    for (const key of ["d", "e"]) {
      assertEquals((await enrol(state, key, [null, key], true)).kind, "appended", "there is room");
    }
  });

  test("a lease has one holder, until it is given back", async ({ state, rival }) => {
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

  test("a lease ends by itself, and its late holder writes nothing", async ({ state, rival, pass }) => {
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

  test("who waits for a lease hears that its holder gave it back", async ({ state, rival }) => {
    const follower = await subscribeJoined(state.log);
    const [ours, theirs, other] = [state.lease("polls"), rival("polls"), rival("other")];
    await Promise.all([theirs.claim(), other.claim()]);
    const { promise: free, resolve } = Promise.withResolvers<void>();
    let heard = 0;
    ours.onFree(resolve);
    ours.onFree(() => heard++)();
    state.lease("other").onFree(() => heard++);
    await ours.release();
    await theirs.release();
    await within(PATIENCE_MS, "a lease that is free", free);
    assertEquals([heard, await ours.claim()], [0, { isHeld: true }]);
    await follower.cancel();
  });
}
