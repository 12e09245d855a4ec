import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app_env.ts";
import { limitBody } from "../../lib/http/body_limit.ts";

const LIMIT = 8;

/** Returns the status for a body of a number of bytes, with these headers. */
async function statusOf(bytes: number, headers: Record<string, string>): Promise<number> {
  const app = new Hono<AppEnv>();
  app.post("/", limitBody(LIMIT), async (c) => c.text(await c.req.text()));
  const body = new Blob(["x".repeat(bytes)]).stream(); // sets no content-length
  return (await app.request("/", { method: "POST", headers, body })).status;
}

Deno.test("limitBody() accepts a body at the limit, and refuses one byte more", async () => {
  const statuses = [LIMIT, LIMIT + 1].map(async (bytes) => [
    await statusOf(bytes, {}),
    await statusOf(bytes, { "content-length": String(bytes) }),
  ]);
  assertEquals(await Promise.all(statuses), [[200, 200], [413, 413]]);
});

Deno.test("limitBody() counts the bytes of a chunked body, whatever its content-length is", async () => {
  const headers = { "content-length": "1", "transfer-encoding": "chunked" };
  assertEquals(await statusOf(LIMIT + 1, headers), 413);
});
