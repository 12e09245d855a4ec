/** Refusals: a stream for a client that accepts streams, a status for any other. */
import { assert, assertEquals } from "@std/assert";
import { createFrameParser } from "../support/frames.ts";
import { BUSY, parse } from "../support/shapes.ts";
import { connectFrom, createOpenerUnderTest, type OpenerOptions } from "./stream_opener.ts";

interface Refusal {
  readonly options: OpenerOptions;
  readonly limit: number;
  readonly inUse: number;
  readonly status: number;
  /** The delay in `busy`, in ms. */
  readonly retryMs: number;
  /** The delay in `Retry-After`, in s. A frame caps it at 30 s, a header does not. */
  readonly retryAfter: string;
  /** `RateLimit-Policy` and `RateLimit`. */
  readonly headers: readonly string[];
}

/** The refusals after one stream was opened. */
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
  Deno.test(`streamResponse() sends busy to a client that accepts a stream: ${reason}`, async () => {
    await using streamOpener = createOpenerUnderTest(options);
    await streamOpener.open();
    const response = await streamOpener.open({ accept: "text/html, text/event-stream;q=0.9" });
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
    await using streamOpener = createOpenerUnderTest(options);
    await streamOpener.open();
    const response = await streamOpener.open({ accept: "application/json" });
    assertEquals([response.status, (await response.json()).code], [status, `busy_${reason}`]);
    assertEquals(response.headers.get("retry-after"), retryAfter);
    const limits = ["ratelimit-policy", "ratelimit"].map((name) => response.headers.get(name));
    assertEquals(limits, [...headers]);
  });
}

Deno.test("streamResponse() refuses in the format that Accept prefers, in any spelling", async () => {
  await using streamOpener = createOpenerUnderTest({ perIsolate: 1 });
  await streamOpener.open();
  const types: (string | null)[] = [];
  for (const accept of ["Text/Event-Stream", "text/event-stream;q=0, */*", "*/*"]) {
    const response = await streamOpener.open({ accept });
    types.push(response.headers.get("content-type"));
    await response.body?.cancel();
  }
  const problem = "application/problem+json";
  assertEquals(types, ["text/event-stream", problem, problem]);
});

Deno.test("streamResponse() refuses another client only if the isolate is full", async () => {
  await using streamOpener = createOpenerUnderTest({
    perClient: 1,
    perIsolate: 2,
    opensPerMinute: 2,
  });
  const accept = "application/json";
  const statuses: number[] = [];
  for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
    const { status } = await streamOpener.open({ accept, connection: connectFrom(address) });
    statuses.push(status);
  }
  assertEquals(statuses, [200, 429, 200, 503]);
});

Deno.test("streamResponse() admits no client while the isolate drains, and consumes no rate", async () => {
  let isDraining = true;
  await using streamOpener = createOpenerUnderTest({
    isDraining: () => isDraining,
    opensPerMinute: 1,
  });
  const response = await streamOpener.open({ accept: "*/*" });
  assertEquals([response.status, (await response.json()).code], [503, "busy_drain"]);
  const [frame] = createFrameParser("").feed(await (await streamOpener.open()).bytes());
  const { reason, limit, in_use } = parse(BUSY, frame?.data ?? "");
  assertEquals([reason, limit, in_use], ["drain", 9, 0]);
  isDraining = false;
  assertEquals((await streamOpener.open({ accept: "*/*" })).status, 200);
});

Deno.test("streamResponse() jitters the retry delay of refused clients from 5 to 30 seconds, in whole milliseconds", async () => {
  const waits: (number | null | undefined)[] = [];
  for (const random of [0, 0.123_456_7, 1 - 2 ** -32]) {
    await using streamOpener = createOpenerUnderTest({ perIsolate: 1, random: () => random });
    await streamOpener.open();
    const [frame] = createFrameParser("").feed(await (await streamOpener.open()).bytes());
    waits.push(frame?.retry);
  }
  assertEquals([waits[0], waits[2]], [5000, 30_000]);
  assert(Number.isInteger(waits[1]), String(waits[1]));
});
