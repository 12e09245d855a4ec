/** Publications: encoded once, serialised at the call, refused before anything is stored. */
import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../lib/core/problem.ts";
import {
  alerts,
  createClient,
  createHubUnderTest,
  numbered,
  onAlerts,
  onPrices,
} from "./support.ts";

Deno.test("publish() encodes each event once, whatever the number of clients and broadcast groups", async () => {
  await using test = createHubUnderTest();
  const streams = await Promise.all(
    [...Array(30).keys()].map((i) =>
      test.hub.subscribe({
        filters: i % 3 === 0 ? [...onAlerts, ...onPrices] : onAlerts,
        maxRate: i % 2 === 0 ? 10 : undefined,
      })
    ),
  );
  const clients = streams.map((stream) => createClient(stream).live());
  await test.clock.advance(0);

  const encode = TextEncoder.prototype.encode;
  let encodings = 0;
  TextEncoder.prototype.encode = function (text) {
    if (text?.includes("event: alert")) encodings++;
    return encode.call(this, text);
  };
  try {
    for (let n = 0; n < 10; n++) await test.hub.publish(alerts, [numbered("alert", n)]);
    await test.clock.advance(1000);
  } finally {
    TextEncoder.prototype.encode = encode;
  }
  assertEquals(encodings, 10);
  for (const client of clients) assertEquals(client.dataOf("alert").length, 10);
  for (const client of clients) await client.hangUp();
});

Deno.test("publish() serialises the data at the call: later changes have no effect", async () => {
  await using test = createHubUnderTest();
  await using client = createClient(await test.hub.subscribe({ filters: onAlerts })).live();
  const data = { n: 1 };
  const published = test.hub.publish(alerts, [{ type: "alert", data }]);
  data.n = 999;
  await published;
  await test.clock.advance(0);
  assertEquals(client.dataOf("alert"), [{ n: 1 }]);
});

Deno.test("publish() refuses a whole batch before anything is stored, with the reason", async () => {
  await using test = createHubUnderTest({ maxEventBytes: 100 });
  const head = await test.log.head();
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (
    const [data, status, code, type] of [
      [{ n: NaN }, 400, "unserialisable", "alert"],
      [{ n: 1, text: circular }, 400, "unserialisable", "alert"],
      [{ n: 1n }, 400, "unserialisable", "alert"],
      [{ n: "1" }, 422, "wrong_shape", "alert"],
      [{ n: 1 }, 422, "unknown_type", "note"],
      [{ n: 1 }, 422, "unknown_type", "toString"],
      [{ n: 1, text: "ä".repeat(50) }, 413, "event_too_large", "alert"],
    ] as const
  ) {
    const problem = await assertRejects(
      () => test.hub.publish(alerts, [numbered("alert", 0), { type, data }]),
      Problem,
    );
    assertEquals([problem.status, problem.code], [status, code]);
  }
  assertEquals(await test.log.head(), head);
});
