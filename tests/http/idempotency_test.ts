import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/client_address.ts";
import { idempotent } from "../../lib/http/idempotency.ts";
import { createMemoryStore } from "../../lib/store/memory/store.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { until } from "../support/within.ts";

Deno.test("answeredOnce() lets a request wait for an earlier one of its key, and answers both alike", async () => {
  const done = Promise.withResolvers<void>();
  let runs = 0;
  const app = new Hono<AppEnv>();
  app.delete("/:id", idempotent(createMemoryStore(createManualClock())), async (c) => {
    runs++;
    await done.promise;
    return c.body(null, 204);
  });
  const ask = (key: string) =>
    app.request("/a", { method: "DELETE", headers: { "idempotency-key": key } });
  const twice = [ask("k"), ask("k"), ask("k")];
  // Another key waits for nobody: by the time it has come through, the others had their chance too.
  const other = ask("other");
  await until("both keys", () => runs >= 2 || undefined);
  done.resolve();
  const answers = await Promise.all([...twice, other]);
  assertEquals(answers.map(({ status }) => status), [204, 204, 204, 204]);
  assertEquals(runs, 2);
});
