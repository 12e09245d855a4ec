/** The routes of the demo: an operation that anyone may start and stream. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { createAppUnderTest, TOKEN } from "./support.ts";

/** The rate limit of the demo's routes. */
const MAX_REQUESTS_PER_MINUTE = 30;

const StartedOperation = z.object({ id: z.string(), kind: z.string(), state: z.string() });
const Ticket = z.object({ ticket: z.string() });

/** A time longer than a demo operation takes. */
const OPERATION_MS = 10_000;

Deno.test("POST /demo/operations creates an operation that makes progress and completes, and a ticket for its stream", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/demo/operations", { method: "POST" });
  const { id, state } = StartedOperation.parse(await response.json());
  assertEquals([response.status, state], [201, "pending"]);

  const ticketResponse = await test.send(response.headers.get("location") ?? "", {
    method: "POST",
  });
  assertEquals(ticketResponse.status, 201);
  const { ticket } = Ticket.parse(await ticketResponse.json());
  const client = await test.follow(`/v1/stream?topics=operations/${id}&ticket=${ticket}`);
  await test.clock.advance(OPERATION_MS);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types.filter((type) => type === "progress").length, 10);
  assertEquals(types.slice(-2), ["completed", "bye"]);
  assertStringIncludes(
    client.frames.map(({ data }) => data).join(),
    `"message":"Gathering trades"`,
  );
});

Deno.test("POST /demo/operations/{id}/tickets answers 404 for another owner's operation and for an unknown one", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/v1/operations", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ kind: "demo", owner: "ann" }),
  });
  const { id } = StartedOperation.parse(await response.json());
  for (const operation of [id, "none"]) {
    const refused = await test.send(`/demo/operations/${operation}/tickets`, { method: "POST" });
    assertEquals(refused.status, 404);
    await refused.body?.cancel();
  }
});

Deno.test("POST /demo/operations answers 429 above its rate limit", async () => {
  await using test = createAppUnderTest();
  const statuses = new Set<number>();
  for (let n = 0; n <= MAX_REQUESTS_PER_MINUTE; n++) {
    const response = await test.send("/demo/operations", { method: "POST" });
    await response.body?.cancel();
    statuses.add(response.status);
  }
  assertEquals([...statuses], [201, 429]);
});

Deno.test("POST /demo/operations answers 404 outside the demo", async () => {
  await using test = createAppUnderTest({ DEMO: "0" });
  const response = await test.send("/demo/operations", { method: "POST" });
  await response.body?.cancel();
  assertEquals(response.status, 404);
});
