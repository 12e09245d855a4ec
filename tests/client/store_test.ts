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

/** A store whose feed, news and batches happen when a test says so. */
function createStoreUnderTest() {
  const clock = createManualClock();
  const [tell, turn]: [((event: { type: string; data: unknown; id: string }) => void)[], ((
    state: ConnectionState,
  ) => void)[]] = [[], []];
  const batches: (() => void)[] = [];
  const answers: PromiseWithResolvers<ModelItem[]>[] = [];
  const calls: string[] = [];
  const store = createModelStore({
    feed: {
      subscribe(listener) {
        tell.push(listener);
        return () => {};
      },
      state: () => STATE,
      onState(listener) {
        turn.push(listener);
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
    event: (type: string, data: unknown) => tell.forEach((each) => each({ type, data, id: "" })),
    state: (kind: ConnectionState["kind"]) => turn.forEach((each) => each({ ...STATE, kind })),
    ids: () => store.model().news.map(({ id }) => id).join(" "),
  };
}

Deno.test("createModelStore() tells once for all that has changed, and gives the same model in between", () => {
  const { store, event, batches } = createStoreUnderTest();
  let told = 0;
  store.subscribe(() => told++);
  event("quote", { symbol: "A", received_at: "2026-01-01T00:00:00Z" });
  event("quote", { symbol: "B", received_at: "2026-01-01T00:00:00Z" });
  assertEquals([told, batches.length], [0, 1]);
  batches.shift()?.();
  assertEquals(told, 1);
  const model = store.model();
  event("gap", { topic: "quotes" });
  assertStrictEquals(store.model(), model);
  assertEquals(batches.length, 0);
});

Deno.test("createModelStore() lets what came while it asked for the news stand", async () => {
  const { clock, event, answers, ids } = createStoreUnderTest();
  event("article", article("new", 9));
  event("article.retracted", { id: "b" });
  answers[0]?.resolve([article("b", 2), article("a", 1)]);
  await clock.advance(0);
  assertEquals(ids(), "new a");
});

Deno.test("createModelStore() asks for the news again after a gap, and where it got no answer", async () => {
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

Deno.test("createModelStore() asks for the news again when the stream begins, for what came in between", async () => {
  const { clock, state, answers, ids } = createStoreUnderTest();
  answers[0]?.resolve([article("a", 1)]);
  await clock.advance(0);
  state("polling");
  answers[1]?.resolve([article("between", 2), article("a", 1)]);
  await clock.advance(0);
  state("live");
  assertEquals([ids(), answers.length], ["between a", 2]);
});

Deno.test("createModelStore() asks for news that could not be had again by itself, until it is closed", async () => {
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

Deno.test("createModelStore() lets go of its feed a second after the last look, and not before", async () => {
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
