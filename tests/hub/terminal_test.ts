/** Topics that end: what a client is told of the end, and when its stream is over. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { EndReason } from "../../lib/hub/client_stream.ts";
import { defineTopic, type Topic } from "../../lib/core/topic.ts";
import { alerts, createClient, createHubUnderTest, notes, numbered } from "./support.ts";

const step = z.object({ n: z.number(), text: z.string().optional() });

/** A topic that ends with `done`, and opens with its newest event. */
function job(id: string): Topic {
  return defineTopic({
    name: `jobs/${id}`,
    family: "jobs",
    kind: "log",
    events: { step, done: step },
    terminalTypes: ["done"],
    open(events) {
      const last = events.at(-1);
      return last ? { type: last.type, json: last.json } : null;
    },
  });
}

const [one, two] = [job("one"), job("two")];
const on = (...topics: Topic[]) => topics.map((topic) => ({ topic, tags: null }));

function createTest() {
  const test = createHubUnderTest();
  const ends: EndReason[] = [];
  return Object.assign(test, {
    ends,
    async put(topic: Topic, type: "step" | "done", n: number, text?: string): Promise<string> {
      const data = text === undefined ? { n } : { n, text };
      const [id = ""] = await test.hub.publish(topic, [{ type, data }]);
      await test.clock.advance(20);
      return id;
    },
    async open(topics: readonly Topic[], more: { cursor?: string; withSnapshot?: boolean } = {}) {
      const onEnd = (reason: EndReason) => void ends.push(reason);
      return await test.hub.subscribe({ filters: on(...topics), onEnd, ...more });
    },
    async follow(topics: readonly Topic[], more: { cursor?: string; withSnapshot?: boolean } = {}) {
      const client = createClient(await this.open(topics, more), more.cursor).live();
      await test.clock.advance(0);
      return client;
    },
  });
}

function namesOf({ frames }: { readonly frames: readonly { readonly event: string }[] }): string[] {
  return frames.map(({ event }) => event);
}

Deno.test("a topic that ends opens with its newest event, and ends its stream with bye finished", async () => {
  await using test = createTest();
  await test.put(one, "step", 1);
  await test.put(one, "step", 2);
  await using client = await test.follow([one]);
  assertEquals(namesOf(client), ["sync", "step"]);
  const last = await test.put(one, "done", 3);
  assertEquals(client.said("step", "done"), [{ n: 2 }, { n: 3 }]);
  assertEquals(client.frames.at(-1)?.event, "bye");
  assertEquals(JSON.parse(client.frames.at(-1)?.data ?? "").reason, "finished");
  assertEquals([client.cursor, client.isEnded, test.ends], [last, true, ["finished"]]);
});

Deno.test("a topic that has ended is told from a cursor before its end, and no more from one after it", async () => {
  await using test = createTest();
  let followed = 0;
  test.hub.whileSubscribed({ name: "jobs" }, () => {
    followed++;
    return () => void followed--;
  });
  const first = await test.put(one, "step", 1);
  await test.put(one, "step", 2);
  const last = await test.put(one, "done", 3);
  await using client = await test.follow([one], { cursor: first });
  assertEquals(namesOf(client), ["sync", "step", "done", "bye"]);
  assertEquals(await test.open([one], { cursor: last }), null);
  const [later] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  assertEquals(await test.open([one], { cursor: later ?? "" }), null);
  await test.clock.advance(60_000);
  assertEquals([followed, test.clock.timers], [0, 0], "what was not opened holds nothing");
});

for (
  const [what, more] of [["no cursor", {}], ["one that is not honoured", { cursor: "x" }]] as const
) {
  Deno.test(`a topic that has ended tells its end to a client with ${what}`, async () => {
    await using test = createTest();
    await test.put(one, "step", 1);
    const last = await test.put(one, "done", 2);
    await using client = await test.follow([one], more);
    // A cursor that is not honoured starts before the oldest event: what `gap.before` names is delivered.
    const rest = "cursor" in more ? ["gap", "done", "step", "done"] : ["done"];
    assertEquals(namesOf(client), ["sync", ...rest, "bye"]);
    assertEquals(client.cursor, last);
  });
}

Deno.test("with snapshot=1 a topic that has ended sends its terminal event", async () => {
  await using test = createTest();
  const cursor = await test.put(one, "done", 1);
  await using client = await test.follow([one], { cursor, withSnapshot: true });
  assertEquals(namesOf(client), ["sync", "done", "bye"]);
});

Deno.test("of several topics one that ends goes quiet, and the last ends the stream", async () => {
  await using test = createTest();
  const first = await test.put(one, "step", 1);
  await test.put(two, "step", 1);
  await using client = await test.follow([one, two]);
  const quiet = await test.put(one, "done", 2);
  await test.put(two, "step", 2);
  assertEquals(namesOf(client), ["sync", "step", "step", "done", "step"]);

  // Who comes back after the end of the one still follows the other.
  await using back = await test.follow([one, two], { cursor: quiet });
  assertEquals(namesOf(back), ["sync", "step"]);
  await test.put(two, "done", 3);
  for (const each of [client, back]) {
    assertEquals(namesOf(each).slice(-2), ["done", "bye"]);
    assert(each.isEnded);
  }
  assertEquals(await test.open([one, two], { cursor: back.cursor }), null);
  await using late = await test.follow([one, two], { cursor: first });
  assertEquals(namesOf(late), ["sync", "step", "done", "step", "done", "bye"]);
});

Deno.test("a topic that goes on keeps a stream open on which another has ended", async () => {
  await using test = createTest();
  const last = await test.put(one, "done", 1);
  await using client = await test.follow([one, notes], { cursor: last });
  await test.hub.publish(notes, [numbered("note", 1)]);
  await test.clock.advance(0);
  assertEquals(namesOf(client), ["sync", "note"]);
});

Deno.test("a client without room is told the end when it reads, large events and all", async () => {
  await using test = createTest();
  await test.put(one, "step", 1);
  const stalled = createClient(await test.open([one]));
  for (let n = 2; n <= 4; n++) await test.put(one, "step", n, "x".repeat(50_000));
  await test.put(one, "done", 5, "y".repeat(50_000));
  await test.clock.advance(5000);
  assertEquals(test.ends, []);
  stalled.live();
  await test.clock.advance(5000);
  assertEquals(namesOf(stalled), ["sync", "step", "step", "step", "step", "done", "bye"]);
  assertEquals(test.ends, ["finished"]);
});

Deno.test("an end that came while a client was away is told from the log where it has left the window", async () => {
  const test = createHubUnderTest({ retainEvents: 2 });
  await using hub = test;
  const ids: string[] = [];
  for (let n = 1; n <= 4; n++) {
    const data = { n, text: "z".repeat(400_000) };
    ids.push(...await hub.hub.publish(alerts, [numbered("alert", n)]));
    if (n < 4) await hub.hub.publish(one, [{ type: "step", data: { n } }]);
    else await hub.hub.publish(one, [{ type: "done", data: { n: data.n } }]);
  }
  await using client = createClient(
    await hub.hub.subscribe({ filters: on(one), cursor: ids[0] ?? "" }),
  ).live();
  await hub.clock.advance(0);
  assertEquals(namesOf(client), ["sync", "gap", "step", "done", "bye"]);
});

Deno.test("whileFollowed() runs for each topic of a family", async () => {
  await using test = createTest();
  const runs: string[] = [];
  test.hub.whileSubscribed({ name: "jobs" }, ({ name }) => {
    runs.push(`+${name}`);
    return () => void runs.push(`-${name}`);
  });
  await using client = await test.follow([one, two]);
  await client.hangUp();
  assertEquals(runs, ["+jobs/one", "+jobs/two", "-jobs/one", "-jobs/two"]);
});

Deno.test("sync names what is gone of what was asked for", async () => {
  await using test = createTest();
  const stream = await test.hub.subscribe({ filters: on(notes), gone: ["jobs/three"] });
  await using client = createClient(stream).live();
  await test.clock.advance(0);
  assertEquals(JSON.parse(client.frames[0]?.data ?? "").gone, ["jobs/three"]);
});
