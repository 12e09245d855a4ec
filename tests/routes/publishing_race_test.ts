/** Concurrent publishers, and clients that connect and disconnect meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { type Client, createClient } from "../hub/support.ts";
import { createOrderWatch } from "../support/order.ts";
import { type AppUnderTest, createAppUnderTest, refusalOf } from "./support.ts";

const ALERTS = "/v1/events/alerts/stream";

/** Opens several streams of the channel. */
async function openClients(test: AppUnderTest, count: number): Promise<Client[]> {
  return await Promise.all(Array.from({ length: count }, () => test.follow(ALERTS)));
}

/** Publishes an object that the publisher may still change. */
function publishObject({ services }: AppUnderTest, data: unknown) {
  const topic = services.registry.topic("events/alerts");
  return services.hub.publish(topic, [{ type: "note", data: { channel: "alerts", data } }]);
}

Deno.test("five clients receive one payload, unaffected by changes to the data after the call (S2 Test 1, Test 2, Test 3, D2)", async () => {
  await using test = createAppUnderTest();
  const clients = await openClients(test, 5);
  const data: Record<string, unknown> = { ticker: "AAPL", price: 200 };
  const published = publishObject(test, data);
  data.price = 999;
  data.injected = true;
  await published;
  await test.clock.advance(0);
  const payloads = clients.map(({ frames }) => frames.at(-1)?.data);
  assertEquals(new Set(payloads), new Set(payloads.slice(0, 1)));
  assertEquals(JSON.parse(payloads[0] ?? ""), {
    channel: "alerts",
    data: { ticker: "AAPL", price: 200 },
  });
  for (const client of clients) await client.hangUp();
});

for (const [clientCount, eventCount] of [[10, 1], [100, 100]] as const) {
  Deno.test(`${eventCount} events to ${clientCount} clients are serialised ${eventCount} times (S2 D1, S2 performance, S2-x6)`, async () => {
    await using test = createAppUnderTest({
      STREAMS_PER_CLIENT: "100",
      LOG_RETAIN_EVENTS: "1000",
    });
    const followers = await openClients(test, clientCount);
    let serialised = 0;
    const data = {
      toJSON() {
        serialised++;
        return { price: 200 };
      },
    };
    for (let n = 0; n < eventCount; n++) await publishObject(test, data);
    await test.clock.advance(1000);
    assertEquals(serialised, eventCount);
    for (const client of followers) {
      assertEquals(client.dataOf("note").length, eventCount);
      await client.hangUp();
    }
  });
}

Deno.test("ten concurrent publishers lose no event, and each one's events stay in order (S2 Test 4)", async () => {
  await using test = createAppUnderTest();
  await using client = await test.follow(ALERTS);
  const senders = [...Array(10).keys()];
  await Promise.all(senders.map(async (sender) => {
    for (let n = 0; n < 10; n++) {
      const { status } = await test.publish("alerts", { type: "note", data: [sender, n] });
      assertEquals(status, 202);
    }
  }));
  await test.clock.advance(1000);
  const received = client.dataOf("note").map((data) => JSON.stringify(data));
  assertEquals(new Set(received).size, 100);
  assertEquals(received.length, 100);
  for (const sender of senders) {
    const ofSender = received.filter((json) => json.includes(`[${sender},`));
    assertEquals(ofSender, ofSender.toSorted());
  }
});

Deno.test("a live client receives an event exactly once beside a disconnected and a blocked client (S2 Test 5, S2-x1)", async () => {
  await using test = createAppUnderTest();
  const open = async () => {
    const { body } = await test.app.request(ALERTS, { headers: { accept: "text/event-stream" } });
    assert(body !== null);
    return createClient(body);
  };
  const [dead, blocked, live] = [await open(), await open(), (await open()).live()];
  await dead.hangUp();
  await publishObject(test, 1);
  await test.clock.advance(1000);
  assertEquals(live.dataOf("note"), [{ channel: "alerts", data: 1 }]);

  // A client that is blocked for too long ends with bye slow. The live one stays.
  await test.clock.advance(90_000);
  assertEquals(test.services.budget.inUse, 1);
  assertEquals(live.isEnded, false);
  blocked.live();
  await test.clock.advance(0);
  assertEquals(blocked.frames.at(-1)?.event, "bye");
  assertEquals(JSON.parse(blocked.frames.at(-1)?.data ?? "{}").reason, "slow");
  await live.hangUp();
});

Deno.test("a client that reconnects with its cursor misses no event (S2-x5)", async () => {
  await using test = createAppUnderTest();
  const first = await test.follow(ALERTS);
  await publishObject(test, 1);
  await test.clock.advance(0);
  await first.hangUp();
  await publishObject(test, 2);
  await using again = await test.follow(`${ALERTS}?last_event_id=${first.cursor}`);
  assertEquals(again.dataOf("note"), [{ channel: "alerts", data: 2 }]);
});

Deno.test("twenty clients that connect and disconnect while ten events are published each receive consecutive events in order (S2 Test 7, D4)", async () => {
  await using test = createAppUnderTest();
  const clients: Client[] = [];
  const connectBriefly = async (turn: number) => {
    const client = await test.follow(ALERTS);
    clients.push(client);
    await test.clock.advance(turn * 7);
    await client.hangUp();
  };
  const send = async () => {
    for (let n = 0; n < 10; n++) {
      await publishObject(test, n);
      await test.clock.advance(10);
    }
  };
  await Promise.all([send(), ...[...Array(20).keys()].map(connectBriefly)]);
  for (const client of clients) {
    const watch = createOrderWatch();
    for (const { id } of client.frames) watch(id);
    const numbers = client.dataOf("note").map((each) => JSON.stringify(each).match(/\d+/)?.[0]);
    const from = Number(numbers[0]);
    assertEquals(numbers, numbers.map((_, i) => String(from + i)));
  }
  assert(clients.some((client) => client.dataOf("note").length > 0));
  assertEquals(test.services.budget.inUse, 0);
});

/** Publications that are refused, with their problems. */
const REFUSED_PUBLICATIONS: Readonly<
  Record<string, readonly [unknown, readonly [number, string]]>
> = {
  "too large (S2-x2, S2-e)": [{ type: "note", data: "é".repeat(50_000) }, [413, "event_too_large"]],
  "nested too deep to be written (S2-x2)": [
    `{"type":"note","data":${"[".repeat(190_000)}${"]".repeat(190_000)}}`,
    [400, "unserialisable"],
  ],
};

for (const [flaw, [body, refusal]] of Object.entries(REFUSED_PUBLICATIONS)) {
  Deno.test(`a publication that is ${flaw} is refused with its reason, and not delivered (S2-x3)`, async () => {
    await using test = createAppUnderTest();
    await using client = await test.follow(ALERTS);
    assertEquals(await refusalOf(await test.publish("alerts", body)), refusal);
    await test.clock.advance(0);
    assertEquals(client.frames.length, 1);
  });
}
