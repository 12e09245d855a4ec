/** What is read and encoded when clients come from far behind: counted, not timed. */
import { assertEquals, assertLess } from "@std/assert";
import { alerts, createClient, createHubUnderTest, numbered } from "./support.ts";

Deno.test("clients far behind share the log's pages, however small the pieces they take", async () => {
  let pages = 0;
  await using test = createHubUnderTest({ retainEvents: 3000 }, (log) => ({
    ...log,
    after(...args) {
      pages++;
      return log.after(...args);
    },
  }));
  const cursor = await test.log.head();
  const text = "x".repeat(2000);
  for (let n = 1; n <= 2000; n++) await test.hub.publish(alerts, [numbered("alert", n, text)]);

  const filters = [{ topic: alerts, tags: null }];
  for (let each = 0; each < 20; each++) {
    await using client = createClient(await test.hub.subscribe({ filters, cursor })).live();
    await test.clock.advance(0);
    assertEquals(client.said("alert").length, 2000);
  }
  // 4 MB are 16 pages; the last MiB stands in the window.
  assertLess(pages, 20);
});

Deno.test("a page that was read before says nothing of what the log has lost since", async () => {
  const kept = 200;
  await using test = createHubUnderTest({ retainEvents: kept });
  const filters = [{ topic: alerts, tags: null }];
  const text = "x".repeat(20_000);
  const publish = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await test.hub.publish(alerts, [numbered("alert", n, text)]);
    await test.clock.advance(0);
  };
  const cursor = await test.log.head();
  await publish(1, kept);
  await using first = createClient(await test.hub.subscribe({ filters, cursor })).live();
  await test.clock.advance(0);
  assertEquals(first.said("alert").length, kept);

  await publish(kept + 1, kept + 5);
  await using second = createClient(await test.hub.subscribe({ filters, cursor })).live();
  await test.clock.advance(0);
  const ids = second.frames.filter(({ event }) => event === "alert").map(({ id }) => id);
  assertEquals(ids.length, kept);
  assertEquals(second.said("gap"), [{ topic: "alerts", after: cursor, before: ids[0] }]);
});
