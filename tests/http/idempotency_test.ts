import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app_env.ts";
import { idempotent } from "../../lib/http/idempotency.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { createMemoryStore } from "../../lib/store/memory/store.ts";
import type { Store } from "../../lib/store/store.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { until } from "../support/within.ts";

/** Creates an isolate with one idempotent route, which runs `handle`. */
function createIsolate(store: Store, handle: () => Promise<Response>) {
  const app = new Hono<AppEnv>();
  app.delete("/:id", idempotent({ store, random: Math.random }), handle);
  app.onError((thrown) => problemResponse(toProblem(thrown)));
  return (key: string) =>
    app.request("/a", { method: "DELETE", headers: { "idempotency-key": key } });
}

Deno.test("idempotent() lets a request wait for an earlier one of its key, and gives both the same response", async () => {
  const done = Promise.withResolvers<void>();
  let runs = 0;
  const store = createMemoryStore(createManualClock());
  const send = createIsolate(store, async () => {
    runs++;
    await done.promise;
    return new Response(null, { status: 204 });
  });
  const repeated = [send("k"), send("k"), send("k")];
  // Another key does not wait.
  const other = send("other");
  await until("both keys", () => runs >= 2 || undefined);
  done.resolve();
  const responses = await Promise.all([...repeated, other]);
  assertEquals(responses.map(({ status }) => status), [204, 204, 204, 204]);
  assertEquals(runs, 2);
});

Deno.test("idempotent() runs a request once across isolates: 409 while it runs, then the first response", async () => {
  const done = Promise.withResolvers<void>();
  let runs = 0;
  const store = createMemoryStore(createManualClock());
  const handle = async () => {
    runs++;
    await done.promise;
    return new Response("first");
  };
  const [here, there] = [
    createIsolate(store, handle),
    createIsolate(store, handle),
  ];
  const first = here("k");
  await until("the first request", () => runs === 1 || undefined);
  const early = await there("k");
  assertEquals([early.status, early.headers.get("retry-after")], [409, "1"]);
  assertEquals((await early.json()).code, "request_in_progress");
  done.resolve();
  assertEquals(await (await first).text(), "first");
  assertEquals(await (await there("k")).text(), "first");
  assertEquals(runs, 1);
});

Deno.test("idempotent() releases the key of a refused request", async () => {
  const store = createMemoryStore(createManualClock());
  let status = 503;
  let runs = 0;
  const send = createIsolate(store, () => {
    runs++;
    return Promise.resolve(new Response(null, { status }));
  });
  assertEquals((await send("k")).status, 503);
  status = 204;
  assertEquals([(await send("k")).status, runs], [204, 2]);
});

Deno.test("idempotent() releases the key of an isolate that died after 10 s", async () => {
  const clock = createManualClock();
  const store = createMemoryStore(clock);
  const send = createIsolate(store, () => Promise.resolve(new Response(null, { status: 204 })));
  let isReserved = false;
  const dying = createIsolate(store, () => {
    isReserved = true;
    return Promise.withResolvers<Response>().promise;
  });
  void dying("lost");
  await until("the reservation", () => isReserved || undefined);
  assertEquals((await send("lost")).status, 409);
  await clock.advance(10_001);
  assertEquals((await send("lost")).status, 204);
});
