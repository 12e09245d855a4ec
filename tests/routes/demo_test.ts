/** The routes of the demo: an operation that anyone may start and stream. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { createAppUnderTest, TOKEN } from "./support.ts";

const Begun = z.object({ id: z.string(), kind: z.string(), state: z.string() });
const Ticket = z.object({ ticket: z.string() });

/** A time longer than a demo operation takes. */
const WHOLE_MS = 10_000;

Deno.test("POST /demo/operations creates an operation that makes progress and completes, and a ticket for its stream", async () => {
  await using test = createAppUnderTest();
  const answer = await test.send("/demo/operations", { method: "POST" });
  const { id, state } = Begun.parse(await answer.json());
  assertEquals([answer.status, state], [201, "pending"]);

  const made = await test.send(answer.headers.get("location") ?? "", { method: "POST" });
  assertEquals(made.status, 201);
  const { ticket } = Ticket.parse(await made.json());
  const client = await test.follow(`/v1/stream?topics=operations/${id}&ticket=${ticket}`);
  await test.clock.advance(WHOLE_MS);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types.filter((each) => each === "progress").length, 10);
  assertEquals(types.slice(-2), ["completed", "bye"]);
  assertStringIncludes(
    client.frames.map(({ data }) => data).join(),
    `"message":"Gathering trades"`,
  );
});

Deno.test("POST /demo/operations/{id}/tickets issues none for another owner's operation", async () => {
  await using test = createAppUnderTest();
  const answer = await test.send("/v1/operations", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ kind: "demo", owner: "ann" }),
  });
  const { id } = Begun.parse(await answer.json());
  for (const each of [id, "none"]) {
    const refused = await test.send(`/demo/operations/${each}/tickets`, { method: "POST" });
    assertEquals(refused.status, 404);
    await refused.body?.cancel();
  }
});

Deno.test("POST /demo/operations answers 429 above its rate limit", async () => {
  await using test = createAppUnderTest();
  const statuses = new Set<number>();
  for (let n = 0; n < 31; n++) {
    const answer = await test.send("/demo/operations", { method: "POST" });
    await answer.body?.cancel();
    statuses.add(answer.status);
  }
  assertEquals([...statuses], [201, 429]);
});

Deno.test("POST /demo/operations answers 404 outside the demo", async () => {
  await using test = createAppUnderTest({ DEMO: "0" });
  const answer = await test.send("/demo/operations", { method: "POST" });
  await answer.body?.cancel();
  assertEquals(answer.status, 404);
});
