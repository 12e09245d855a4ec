import { assertEquals, assertStrictEquals } from "@std/assert";
import { IDLE_STATE } from "../../lib/client/client/state.js";
import { createModelStore } from "../../lib/client/client/store.js";
import type { ModelItem } from "../../lib/client/client/model.js";
import type { ConnectionState, LiveEvent } from "../../lib/client/client/types.js";
import { createManualClock } from "../support/manual_clock.ts";

/** Creates an article with the second at which it was received. */
const article = (id: string, second: number): ModelItem => ({
  id,
  published_at: null,
  first_seen_at: new Date(second * 1000).toISOString(),
});

/** Creates a store whose connection, loads of news, batches and clock the test controls. */
function createStoreUnderTest() {
  const clock = createManualClock();
  const eventListeners: ((event: LiveEvent) => void)[] = [];
  const stateListeners: ((state: ConnectionState) => void)[] = [];
  const batches: (() => void)[] = [];
  const newsLoads: PromiseWithResolvers<ModelItem[]>[] = [];
  const closings: string[] = [];
  const store = createModelStore({
    feed: {
      subscribe(listener) {
        eventListeners.push(listener);
        return () => {};
      },
      state: () => IDLE_STATE,
      onState(listener) {
        stateListeners.push(listener);
        return () => {};
      },
      cursor: () => "",
      reconnect() {},
      setUrl() {},
      close: () => void closings.push("feed"),
    },
    loadNews() {
      const load = Promise.withResolvers<ModelItem[]>();
      newsLoads.push(load);
      return load.promise;
    },
    batch: (run) => void batches.push(run),
    after: clock.after,
    report(error) {
      throw error;
    },
    onClose: () => void closings.push("store"),
  });
  return {
    clock,
    store,
    batches,
    /** The loads of news, in the order of their start. */
    newsLoads,
    /** Receives "feed" when the feed is closed, then "store". */
    closings,
    emit: (type: string, data: unknown) =>
      eventListeners.forEach((listener) => listener({ type, data, id: "" })),
    setKind: (kind: ConnectionState["kind"]) =>
      stateListeners.forEach((listener) => listener({ ...IDLE_STATE, kind })),
    /** Returns the ids of the articles, newest first. */
    newsIds: () => store.model().news.map(({ id }) => id).join(" "),
  };
}

Deno.test("createModelStore() publishes several changes once, and keeps the model if nothing has changed", () => {
  const { store, emit, batches } = createStoreUnderTest();
  let published = 0;
  store.subscribe(() => published++);
  emit("quote", { symbol: "A", received_at: "2026-01-01T00:00:00Z" });
  emit("quote", { symbol: "B", received_at: "2026-01-01T00:00:00Z" });
  assertEquals([published, batches.length], [0, 1]);
  batches.shift()?.();
  assertEquals(published, 1);
  const model = store.model();
  emit("gap", { topic: "quotes" });
  assertStrictEquals(store.model(), model);
  assertEquals(batches.length, 0);
});

Deno.test("createModelStore() applies events that arrive while the news load", async () => {
  const { clock, emit, newsLoads, newsIds } = createStoreUnderTest();
  emit("article", article("new", 9));
  emit("article.retracted", { id: "b" });
  newsLoads[0]?.resolve([article("b", 2), article("a", 1)]);
  await clock.advance(0);
  assertEquals(newsIds(), "new a");
});

Deno.test("createModelStore() loads the news again after a gap and after an error", async () => {
  const { clock, emit, setKind, newsLoads, newsIds } = createStoreUnderTest();
  newsLoads[0]?.reject(new TypeError("The network is down"));
  await clock.advance(0);
  setKind("live");
  newsLoads[1]?.resolve([article("a", 1)]);
  await clock.advance(0);
  setKind("live");
  assertEquals([newsIds(), newsLoads.length], ["a", 2]);
  emit("gap", { topic: "news" });
  emit("gap", { topic: "news" });
  newsLoads[3]?.resolve([article("b", 2)]);
  newsLoads[2]?.resolve([article("old", 0)]);
  await clock.advance(0);
  assertEquals([newsIds(), newsLoads.length], ["b", 4]);
});

Deno.test("createModelStore() loads the news again when the stream starts, for the articles in between", async () => {
  const { clock, setKind, newsLoads, newsIds } = createStoreUnderTest();
  newsLoads[0]?.resolve([article("a", 1)]);
  await clock.advance(0);
  setKind("polling");
  newsLoads[1]?.resolve([article("between", 2), article("a", 1)]);
  await clock.advance(0);
  setKind("live");
  assertEquals([newsIds(), newsLoads.length], ["between a", 2]);
});

Deno.test("createModelStore() retries a failed load of news until it is closed", async () => {
  const { clock, store, setKind, newsLoads, newsIds } = createStoreUnderTest();
  setKind("live");
  newsLoads[1]?.reject(new TypeError("503"));
  await clock.advance(15_000);
  newsLoads[2]?.resolve([article("a", 1)]);
  await clock.advance(60_000);
  assertEquals([newsIds(), newsLoads.length], ["a", 3]);
  store.subscribe(() => {})();
  setKind("reconnecting");
  setKind("live");
  assertEquals(newsLoads.length, 3);
  await clock.advance(1000);
  assertEquals(clock.timers, 0);
});

Deno.test("createModelStore() closes its feed a second after the last subscriber has left", async () => {
  const { clock, store, closings } = createStoreUnderTest();
  const first = store.subscribe(() => {});
  first();
  const second = store.subscribe(() => {});
  await clock.advance(5000);
  assertEquals(closings, []);
  second();
  await clock.advance(999);
  assertEquals(closings, []);
  await clock.advance(1);
  assertEquals([closings, clock.timers], [["feed", "store"], 0]);
});
