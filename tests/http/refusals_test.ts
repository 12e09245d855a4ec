/** A refusal is a stream for who reads streams, and a status for everyone else. */
import { assert, assertEquals } from "@std/assert";
import { createFrameParser } from "../support/frames.ts";
import { BUSY, parse } from "../support/shapes.ts";
import { connectFrom, createDoorUnderTest, type DoorOptions } from "./stream_opener.ts";

interface Refusal {
  readonly options: DoorOptions;
  readonly limit: number;
  readonly inUse: number;
  readonly status: number;
  /** What a reader of streams is told, in ms. */
  readonly retryMs: number;
  /** What others are told, in s. A frame says at most 30 s, a header when there is room. */
  readonly retryAfter: string;
  /** `RateLimit-Policy` and `RateLimit`. */
  readonly headers: readonly string[];
}

/** What is refused after one stream was opened. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  isolate: {
    options: { perIsolate: 1 },
    limit: 1,
    inUse: 1,
    status: 503,
    retryMs: 17_500,
    retryAfter: "18",
    headers: ['"streams";q=1', '"streams";r=0;t=18'],
  },
  client: {
    options: { perClient: 1 },
    limit: 1,
    inUse: 1,
    status: 429,
    retryMs: 17_500,
    retryAfter: "18",
    headers: ['"streams";q=1', '"streams";r=0;t=18'],
  },
  rate: {
    options: { opensPerMinute: 1 },
    limit: 1,
    inUse: 1,
    status: 429,
    retryMs: 30_000,
    retryAfter: "60",
    headers: ['"opens";q=1;w=60', '"opens";r=0;t=60'],
  },
};

for (const [reason, refusal] of Object.entries(REFUSALS)) {
  const { options, limit, inUse, status, retryMs, retryAfter, headers } = refusal;
  Deno.test(`streamResponse() tells a reader of streams that it is busy: ${reason}`, async () => {
    await using streamOpener = createDoorUnderTest(options);
    await streamOpener.visit();
    const response = await streamOpener.visit({ accept: "text/html, text/event-stream;q=0.9" });
    assertEquals([response.status, response.headers.get("content-type")], [
      200,
      "text/event-stream",
    ]);
    const [frame, ...more] = createFrameParser("").feed(await response.bytes());
    assertEquals([frame?.event, frame?.id, frame?.retry, more], ["busy", null, retryMs, []]);
    assertEquals(JSON.parse(frame?.data ?? "{}"), {
      reason,
      limit,
      in_use: inUse,
      retry_after_ms: retryMs,
      poll_url: "/poll",
    });
  });

  Deno.test(`streamResponse() refuses others with ${status}: ${reason}`, async () => {
    await using streamOpener = createDoorUnderTest(options);
    await streamOpener.visit();
    const response = await streamOpener.visit({ accept: "application/json" });
    assertEquals([response.status, (await response.json()).code], [status, `busy_${reason}`]);
    assertEquals(response.headers.get("retry-after"), retryAfter);
    const limits = ["ratelimit-policy", "ratelimit"].map((name) => response.headers.get(name));
    assertEquals(limits, [...headers]);
  });
}

Deno.test("streamResponse() refuses in the format that Accept likes best, however it is spelt", async () => {
  await using streamOpener = createDoorUnderTest({ perIsolate: 1 });
  await streamOpener.visit();
  const types: (string | null)[] = [];
  for (const accept of ["Text/Event-Stream", "text/event-stream;q=0, */*", "*/*"]) {
    const response = await streamOpener.visit({ accept });
    types.push(response.headers.get("content-type"));
    await response.body?.cancel();
  }
  const problem = "application/problem+json";
  assertEquals(types, ["text/event-stream", problem, problem]);
});

Deno.test("streamResponse() refuses another client only where the isolate is full", async () => {
  await using streamOpener = createDoorUnderTest({
    perClient: 1,
    perIsolate: 2,
    opensPerMinute: 2,
  });
  const accept = "application/json";
  const statuses: number[] = [];
  for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
    const { status } = await streamOpener.visit({ accept, connection: connectFrom(address) });
    statuses.push(status);
  }
  assertEquals(statuses, [200, 429, 200, 503]);
});

Deno.test("streamResponse() lets nobody in while we are going, and counts no try", async () => {
  let isDraining = true;
  await using streamOpener = createDoorUnderTest({
    isDraining: () => isDraining,
    opensPerMinute: 1,
  });
  const response = await streamOpener.visit({ accept: "*/*" });
  assertEquals([response.status, (await response.json()).code], [503, "busy_drain"]);
  const [frame] = createFrameParser("").feed(await (await streamOpener.visit()).bytes());
  const { reason, limit, in_use } = parse(BUSY, frame?.data ?? "");
  assertEquals([reason, limit, in_use], ["drain", 9, 0]);
  isDraining = false;
  assertEquals((await streamOpener.visit({ accept: "*/*" })).status, 200);
});

Deno.test("streamResponse() spreads those it refuses over 5 to 30 seconds, in whole milliseconds", async () => {
  const waits: (number | null | undefined)[] = [];
  for (const random of [0, 0.123_456_7, 1 - 2 ** -32]) {
    await using streamOpener = createDoorUnderTest({ perIsolate: 1, random: () => random });
    await streamOpener.visit();
    const [frame] = createFrameParser("").feed(await (await streamOpener.visit()).bytes());
    waits.push(frame?.retry);
  }
  assertEquals([waits[0], waits[2]], [5000, 30_000]);
  assert(Number.isInteger(waits[1]), String(waits[1]));
});
