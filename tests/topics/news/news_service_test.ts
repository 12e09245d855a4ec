import { assertEquals } from "@std/assert";
import { createHub } from "../../../lib/hub/hub.ts";
import { StoreUnavailable } from "../../../lib/store/errors.ts";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import { createNewsService } from "../../../lib/topics/news/news_service.ts";
import { createOutside } from "../../upstream/support.ts";
import { RETAIN_MS, rss } from "./support.ts";

Deno.test("while the store is away no feed is asked, and afterwards all are", async () => {
  const outside = createOutside(() => new Response(rss("")));
  const { clock, runtime } = outside;
  const retention = { retainEvents: 1000, retainMs: RETAIN_MS };
  const state = createMemoryState(runtime, retention);
  let isAway = false;
  const store = {
    ...state.store,
    get: (key: string) => isAway ? Promise.reject(new StoreUnavailable()) : state.store.get(key),
  };
  const hub = createHub(runtime, state, {
    ...retention,
    heartbeatMs: 15_000,
    streamMaxAgeMs: 86_400_000,
    retryMs: 3000,
    coalesceMs: 20,
    maxEventBytes: 65_536,
  });
  const feeds = [{ name: "a", title: "A", url: "https://a.example.com/" }];
  const options = { feeds, pollMs: 60_000, retainMs: RETAIN_MS, simulated: false };
  const news = createNewsService(runtime, options, hub, { ...state, store });
  hub.keepOpen(news.topic, 86_400_000);
  await clock.advance(0);
  assertEquals(outside.calls.length, 1);
  isAway = true;
  await clock.advance(600_000);
  assertEquals(outside.calls.length, 1);
  isAway = false;
  await clock.advance(60_000);
  assertEquals(outside.calls.length, 2);
  await hub.close();
});
