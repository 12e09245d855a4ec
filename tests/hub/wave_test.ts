/** What a wave of clients asks of the log: counted. */
import { assert, assertEquals } from "@std/assert";
import { createShakyHub, type ShakyHub } from "./faulty_log.ts";
import { alerts, type Client, createClient, numbered, onAlerts, onPrices } from "./support.ts";

const CLIENTS = 1000;
const text = "x".repeat(2000);

/** A hub that is new to a log of 2000 events, 4 MB: 16 pages, of which the last MiB fits the window. */
async function createFreshHub(): Promise<{ test: ShakyHub; ids: readonly string[] }> {
  const test = createShakyHub({ retainEvents: 3000 });
  const batches = await Promise.all(
    [0, 1].map((half) =>
      test.shaky.elsewhere(
        alerts,
        [...Array(1000).keys()].map((i) => numbered("alert", half * 1000 + i, text)),
      )
    ),
  );
  return { test, ids: batches.flat() };
}

async function connect({ hub, clock }: ShakyHub, cursorOf: (n: number) => string | undefined) {
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

Deno.test("1,000 clients with cursors of their own cost one read a page, one a window, and one judgement each", async () => {
  const { test, ids } = await createFreshHub();
  await using _ = test;
  const { shaky, clock } = test;
  const clients = await connect(test, (n) => ids[n]);
  for (const [n, client] of clients.entries()) {
    for (let chunk = 0; chunk < 2; chunk++) await client.readOne();
    assertEquals(client.said("alert")[0], { n: n + 1, text });
  }
  // Some read on: all of them would be 3 GB.
  const some = [0, 400, 999];
  for (const n of some) clients[n]?.live();
  await clock.advance(100);
  for (const n of some) assertEquals(clients[n]?.said("alert").length, 1999 - n);
  assert(shaky.calls.after <= 17, `${shaky.calls.after} pages`);
  assertEquals([shaky.calls.latest, shaky.calls.honours], [2, CLIENTS]);
  for (const client of clients) await client.hangUp();
});

Deno.test("1,000 clients whose cursors are not honoured cost one read together", async () => {
  const { test } = await createFreshHub();
  await using _ = test;
  const { shaky } = test;
  const clients = await connect(test, (n) => n % 2 ? `1600000000000-${n}` : "abc");
  for (const client of clients) await client.readOne();
  assert(clients.every((client) => client.said("gap").length === 1));
  assertEquals([shaky.calls.after, shaky.calls.latest, shaky.calls.honours], [1, 2, 0]);
  for (const client of clients) await client.hangUp();
});

Deno.test("1,000 clients that waited for the log cost as much: one read a window and a page, one judgement each", async () => {
  await using test = createShakyHub({}, "away");
  const { shaky, clock } = test;
  const ids = await shaky.elsewhere(
    alerts,
    [...Array(1000).keys()].map((n) => numbered("alert", n)),
  );
  const clients = await connect(test, (n) => n % 2 ? ids[n] : undefined);
  for (const client of clients) client.live();
  await clock.advance(3000);
  shaky.comeBack();
  await clock.advance(3000);
  for (const n of [1, 501, 999]) assertEquals(clients[n]?.said("alert").length, 999 - n);
  for (const n of [0, 500]) assertEquals(clients[n]?.said("gap").length, 1);
  const { after, latest, honours } = shaky.calls;
  assertEquals([after, latest, honours], [1, 2, CLIENTS / 2]);
  for (const client of clients) await client.hangUp();
});

Deno.test("a cursor that is judged slowly holds up nobody else", async () => {
  await using test = createShakyHub();
  const { shaky, hub, clock } = test;
  const [cursor] = await hub.publish(alerts, [numbered("alert", 1)]);
  await using _first = createClient(await hub.subscribe({ filters: onAlerts }));
  const go = shaky.hold();
  const slow = hub.subscribe({ filters: onAlerts, cursor });
  await clock.advance(0);
  await using other = createClient(await hub.subscribe({ filters: onAlerts })).live();
  await hub.publish(alerts, [numbered("alert", 2)]);
  await clock.advance(20);
  assertEquals(other.said("alert"), [{ n: 2 }]);
  go();
  await using client = createClient(await slow).live();
  await clock.advance(0);
  assertEquals(client.said("alert"), [{ n: 2 }]);
});
