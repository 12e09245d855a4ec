import { assertEquals, assertStrictEquals } from "@std/assert";
import { createModelStore } from "../../lib/client/client/store.js";
import type { ConnectionState } from "../../lib/client/client/types.js";
import type { ModelItem } from "../../lib/client/client/model.js";
import { createManualClock } from "../support/manual_clock.ts";

const STATE: ConnectionState = {
  kind: "connecting",
  transport: null,
  reason: "",
  nextTryAt: null,
  failures: 0,
  lagMs: 0,
  isShared: false,
};

const article = (id: string, second: number): ModelItem => ({
  id,
  published_at: null,
  first_seen_at: new Date(second * 1000).toISOString(),
});

/** Creates a store whose feed, news and batches the test controls. */
function createStoreUnderTest() {
  const clock = createManualClock();
  const [eventListeners, stateListeners]: [
    ((event: { type: string; data: unknown; id: string }) => void)[],
    ((
      state: ConnectionState,
    ) => void)[],
  ] = [[], []];
  const batches: (() => void)[] = [];
  const answers: PromiseWithResolvers<ModelItem[]>[] = [];
  const calls: string[] = [];
  const store = createModelStore({
    feed: {
      subscribe(listener) {
        eventListeners.push(listener);
        return () => {};
      },
      state: () => STATE,
      onState(listener) {
        stateListeners.push(listener);
        return () => {};
      },
      cursor: () => "",
      reconnect() {},
      setUrl() {},
      close: () => void calls.push("close"),
    },
    loadNews() {
      const answer = Promise.withResolvers<ModelItem[]>();
      answers.push(answer);
      return answer.promise;
    },
    batch: (run) => void batches.push(run),
    after: clock.after,
    report(error) {
      throw error;
    },
    onClose: () => void calls.push("gone"),
  });
  return {
    clock,
    store,
    batches,
    answers,
    calls,
    event: (type: string, data: unknown) =>
      eventListeners.forEach((each) => each({ type, data, id: "" })),
    state: (kind: ConnectionState["kind"]) =>
      stateListeners.forEach((each) => each({ ...STATE, kind })),
    ids: () => store.model().news.map(({ id }) => id).join(" "),
  };
}

Deno.test("createModelStore() publishes several changes once, and keeps the model if nothing has changed", () => {
  const { store, event, batches } = createStoreUnderTest();
  let published = 0;
  store.subscribe(() => published++);
  event("quote", { symbol: "A", received_at: "2026-01-01T00:00:00Z" });
  event("quote", { symbol: "B", received_at: "2026-01-01T00:00:00Z" });
  assertEquals([published, batches.length], [0, 1]);
  batches.shift()?.();
  assertEquals(published, 1);
  const model = store.model();
  event("gap", { topic: "quotes" });
  assertStrictEquals(store.model(), model);
  assertEquals(batches.length, 0);
});

Deno.test("createModelStore() applies events that arrive while the news load", async () => {
  const { clock, event, answers, ids } = createStoreUnderTest();
  event("article", article("new", 9));
  event("article.retracted", { id: "b" });
  answers[0]?.resolve([article("b", 2), article("a", 1)]);
  await clock.advance(0);
  assertEquals(ids(), "new a");
});

Deno.test("createModelStore() loads the news again after a gap and after an error", async () => {
  const { clock, event, state, answers, ids } = createStoreUnderTest();
  answers[0]?.reject(new TypeError("The network is down"));
  await clock.advance(0);
  state("live");
  answers[1]?.resolve([article("a", 1)]);
  await clock.advance(0);
  state("live");
  assertEquals([ids(), answers.length], ["a", 2]);
  event("gap", { topic: "news" });
  event("gap", { topic: "news" });
  answers[3]?.resolve([article("b", 2)]);
  answers[2]?.resolve([article("old", 0)]);
  await clock.advance(0);
  assertEquals([ids(), answers.length], ["b", 4]);
});

Deno.test("createModelStore() loads the news again when the stream starts, for the articles in between", async () => {
  const { clock, state, answers, ids } = createStoreUnderTest();
  answers[0]?.resolve([article("a", 1)]);
  await clock.advance(0);
  state("polling");
  answers[1]?.resolve([article("between", 2), article("a", 1)]);
  await clock.advance(0);
  state("live");
  assertEquals([ids(), answers.length], ["between a", 2]);
});

Deno.test("createModelStore() retries a failed load of news until it is closed", async () => {
  const { clock, store, state, answers, ids } = createStoreUnderTest();
  state("live");
  answers[1]?.reject(new TypeError("503"));
  await clock.advance(15_000);
  answers[2]?.resolve([article("a", 1)]);
  await clock.advance(60_000);
  assertEquals([ids(), answers.length], ["a", 3]);
  store.subscribe(() => {})();
  state("reconnecting");
  state("live");
  assertEquals(answers.length, 3);
  await clock.advance(1000);
  assertEquals(clock.timers, 0);
});

Deno.test("createModelStore() closes its feed a second after the last subscriber has left", async () => {
  const { clock, store, calls } = createStoreUnderTest();
  const first = store.subscribe(() => {});
  first();
  const second = store.subscribe(() => {});
  await clock.advance(5000);
  assertEquals(calls, []);
  second();
  await clock.advance(999);
  assertEquals(calls, []);
  await clock.advance(1);
  assertEquals([calls, clock.timers], [["close", "gone"], 0]);
});
