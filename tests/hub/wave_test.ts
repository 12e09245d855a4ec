/** The requests of a wave of clients to the log, counted. */
import { assert, assertEquals } from "@std/assert";
import { createFaultyHub, type FaultyHub } from "./faulty_log.ts";
import { alerts, type Client, createClient, numbered, onAlerts, onPrices } from "./support.ts";

const CLIENTS = 1000;
const TEXT = "x".repeat(2000);

/** Creates a hub that is new to a log of 2000 events, 4 MB: 16 pages, of which the last MiB fits the window. */
async function createFreshHub(): Promise<FaultyHub & { readonly ids: readonly string[] }> {
  const test = createFaultyHub({ retainEvents: 3000 });
  const batches = await Promise.all(
    [0, 1].map((half) =>
      test.faulty.publishElsewhere(
        alerts,
        [...Array(1000).keys()].map((i) => numbered("alert", half * 1000 + i, TEXT)),
      )
    ),
  );
  return { ...test, ids: batches.flat() };
}

async function connect({ hub, clock }: FaultyHub, cursorOf: (n: number) => string | undefined) {
  const clients: Client[] = await Promise.all(
    [...Array(CLIENTS).keys()].map(async (n) => {
      const cursor = cursorOf(n);
      const filters = [...onPrices, ...onAlerts];
      return createClient(await hub.subscribe({ filters, cursor }), cursor);
    }),
  );
  await clock.advance(0);
  return clients;
}

Deno.test("1,000 clients with distinct cursors cost one read per page, one per window, and one validation each", async () => {
  await using test = await createFreshHub();
  const { faulty, clock, ids } = test;
  const clients = await connect(test, (n) => ids[n]);
  for (const [n, client] of clients.entries()) {
    for (let chunk = 0; chunk < 2; chunk++) await client.readOne();
    assertEquals(client.dataOf("alert")[0], { n: n + 1, text: TEXT });
  }
  // A few read everything: all of them would take 3 GB.
  const readers = [0, 400, 999];
  for (const n of readers) clients[n]?.live();
  await clock.advance(100);
  for (const n of readers) assertEquals(clients[n]?.dataOf("alert").length, 1999 - n);
  assert(faulty.calls.after <= 17, `${faulty.calls.after} pages`);
  assertEquals([faulty.calls.latest, faulty.calls.honours], [2, CLIENTS]);
  for (const client of clients) await client.hangUp();
});

Deno.test("1,000 clients whose cursors are not honoured share one read", async () => {
  await using test = await createFreshHub();
  const { faulty } = test;
  const clients = await connect(test, (n) => n % 2 ? `1600000000000-${n}` : "abc");
  for (const client of clients) await client.readOne();
  assert(clients.every((client) => client.dataOf("gap").length === 1));
  assertEquals([faulty.calls.after, faulty.calls.latest, faulty.calls.honours], [1, 2, 0]);
  for (const client of clients) await client.hangUp();
});

Deno.test("1,000 clients that waited for the log cost one read per window and page, and one validation each", async () => {
  await using test = createFaultyHub({}, "down");
  const { faulty, clock } = test;
  const ids = await faulty.publishElsewhere(
    alerts,
    [...Array(1000).keys()].map((n) => numbered("alert", n)),
  );
  const clients = await connect(test, (n) => n % 2 ? ids[n] : undefined);
  for (const client of clients) client.live();
  await clock.advance(3000);
  faulty.recover();
  await clock.advance(3000);
  for (const n of [1, 501, 999]) assertEquals(clients[n]?.dataOf("alert").length, 999 - n);
  for (const n of [0, 500]) assertEquals(clients[n]?.dataOf("gap").length, 1);
  const { after, latest, honours } = faulty.calls;
  assertEquals([after, latest, honours], [1, 2, CLIENTS / 2]);
  for (const client of clients) await client.hangUp();
});

Deno.test("a slow validation of a cursor delays no other client", async () => {
  await using test = createFaultyHub();
  const { faulty, hub, clock } = test;
  const [cursor] = await hub.publish(alerts, [numbered("alert", 1)]);
  await using _first = createClient(await hub.subscribe({ filters: onAlerts }));
  const releaseAnswers = faulty.holdAnswers();
  const slow = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  await using other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(other.dataOf("alert"), [{ n: 2 }]);
  releaseAnswers();
  await using client = createClient(await slow).live();
  await clock.advance(0);
  assertEquals(client.dataOf("alert"), [{ n: 2 }]);
});
