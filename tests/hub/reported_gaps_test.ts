/** Gaps that come while a client is still being told of others. */
import { assertEquals } from "@std/assert";
import { alerts, createClient, createHubUnderTest, notes, numbered } from "./support.ts";

Deno.test("a gap that was told of one topic does not stand for a later one of another topic", async () => {
  await using test = createHubUnderTest({ retainEvents: 2 });
  const filters = [alerts, notes].map((topic) => ({ topic, tags: null }));
  const cursor = await test.log.head();
  await test.hub.latest({ topic: notes, tags: null });
  await test.hub.publish(notes, [numbered("note", 1), numbered("note", 2)]);
  await test.hub.publish(alerts, [1, 2, 3].map((n) => numbered("alert", n)));
  await test.clock.advance(0);
  await using client = createClient(await test.hub.subscribe({ filters, cursor }), cursor);
  await test.hub.publish(notes, [numbered("note", 3)]);
  await test.clock.advance(0);
  client.live();
  await test.clock.advance(1000);

  assertEquals(client.said("gap").map((gap) => Object(gap).topic), ["alerts"]);
  // Of the notes the first is gone, and nobody said so: the client has to come back and be told.
  assertEquals([client.said("note"), client.said("bye").length, client.cursor], [[], 1, cursor]);
});
