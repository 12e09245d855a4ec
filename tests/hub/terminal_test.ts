/** Terminal topics: the terminal event, and the end of the stream after it. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { EndReason } from "../../lib/hub/client_stream.ts";
import { defineTopic, type Topic } from "../../lib/core/topic.ts";
import { alerts, createClient, createHubUnderTest, notes, numbered } from "./support.ts";

const step = z.object({ n: z.number(), text: z.string().optional() });

/** Creates a topic that ends with `done`, and opens with its newest event. */
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
    async connect(
      topics: readonly Topic[],
      more: { cursor?: string; withSnapshot?: boolean } = {},
    ) {
      const client = createClient(await this.open(topics, more), more.cursor).live();
      await test.clock.advance(0);
      return client;
    },
  });
}

function namesOf({ frames }: { readonly frames: readonly { readonly event: string }[] }): string[] {
  return frames.map(({ event }) => event);
}

Deno.test("a terminal topic opens with its newest event, and its terminal event ends the stream with bye finished", async () => {
  await using test = createTest();
  await test.put(one, "step", 1);
  await test.put(one, "step", 2);
  await using client = await test.connect([one]);
  assertEquals(namesOf(client), ["sync", "step"]);
  const last = await test.put(one, "done", 3);
  assertEquals(client.dataOf("step", "done"), [{ n: 2 }, { n: 3 }]);
  assertEquals(client.frames.at(-1)?.event, "bye");
  assertEquals(JSON.parse(client.frames.at(-1)?.data ?? "").reason, "finished");
  assertEquals([client.cursor, client.isEnded, test.ends], [last, true, ["finished"]]);
});

Deno.test("subscribe() replays an ended topic after a cursor before its terminal event, and resolves to null for a later cursor", async () => {
  await using test = createTest();
  let running = 0;
  test.hub.whileSubscribed({ name: "jobs" }, () => {
    running++;
    return () => void running--;
  });
  const first = await test.put(one, "step", 1);
  await test.put(one, "step", 2);
  const last = await test.put(one, "done", 3);
  await using client = await test.connect([one], { cursor: first });
  assertEquals(namesOf(client), ["sync", "step", "done", "bye"]);
  assertEquals(await test.open([one], { cursor: last }), null);
  const [later] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  assertEquals(await test.open([one], { cursor: later ?? "" }), null);
  await test.clock.advance(60_000);
  assertEquals([running, test.clock.timers], [0, 0], "a stream that did not open holds nothing");
});

for (
  const [what, more] of [["no cursor", {}], ["a cursor that is not honoured", {
    cursor: "x",
  }]] as const
) {
  Deno.test(`an ended topic sends its terminal event to a client with ${what}`, async () => {
    await using test = createTest();
    await test.put(one, "step", 1);
    const last = await test.put(one, "done", 2);
    await using client = await test.connect([one], more);
    // A cursor that is not honoured starts just before the oldest retained event, which `gap.before` names.
    const rest = "cursor" in more ? ["gap", "done", "step", "done"] : ["done"];
    assertEquals(namesOf(client), ["sync", ...rest, "bye"]);
    assertEquals(client.cursor, last);
  });
}

Deno.test("an ended topic sends its terminal event with snapshot=1", async () => {
  await using test = createTest();
  const cursor = await test.put(one, "done", 1);
  await using client = await test.connect([one], { cursor, withSnapshot: true });
  assertEquals(namesOf(client), ["sync", "done", "bye"]);
});

Deno.test("a stream of several terminal topics ends with the last of them", async () => {
  await using test = createTest();
  const first = await test.put(one, "step", 1);
  await test.put(two, "step", 1);
  await using client = await test.connect([one, two]);
  const quiet = await test.put(one, "done", 2);
  await test.put(two, "step", 2);
  assertEquals(namesOf(client), ["sync", "step", "step", "done", "step"]);

  // A client that reconnects after the end of one still receives the other.
  await using back = await test.connect([one, two], { cursor: quiet });
  assertEquals(namesOf(back), ["sync", "step"]);
  await test.put(two, "done", 3);
  for (const each of [client, back]) {
    assertEquals(namesOf(each).slice(-2), ["done", "bye"]);
    assert(each.isEnded);
  }
  assertEquals(await test.open([one, two], { cursor: back.cursor }), null);
  await using late = await test.connect([one, two], { cursor: first });
  assertEquals(namesOf(late), ["sync", "step", "done", "step", "done", "bye"]);
});

Deno.test("a stream stays open while one of its topics has not ended", async () => {
  await using test = createTest();
  const last = await test.put(one, "done", 1);
  await using client = await test.connect([one, notes], { cursor: last });
  await test.hub.publish(notes, [numbered("note", 1)]);
  await test.clock.advance(0);
  assertEquals(namesOf(client), ["sync", "note"]);
});

Deno.test("a blocked client receives large events and the terminal event once it is writable", async () => {
  await using test = createTest();
  await test.put(one, "step", 1);
  const blocked = createClient(await test.open([one]));
  for (let n = 2; n <= 4; n++) await test.put(one, "step", n, "x".repeat(50_000));
  await test.put(one, "done", 5, "y".repeat(50_000));
  await test.clock.advance(5000);
  assertEquals(test.ends, []);
  blocked.live();
  await test.clock.advance(5000);
  assertEquals(namesOf(blocked), ["sync", "step", "step", "step", "step", "done", "bye"]);
  assertEquals(test.ends, ["finished"]);
});

Deno.test("a client that was disconnected receives the events before a terminal event from the log", async () => {
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

Deno.test("whileSubscribed() runs a task for each topic of a family", async () => {
  await using test = createTest();
  const runs: string[] = [];
  test.hub.whileSubscribed({ name: "jobs" }, ({ name }) => {
    runs.push(`+${name}`);
    return () => void runs.push(`-${name}`);
  });
  await using client = await test.connect([one, two]);
  await client.hangUp();
  assertEquals(runs, ["+jobs/one", "+jobs/two", "-jobs/one", "-jobs/two"]);
});

Deno.test("sync names the requested topics that no longer exist", async () => {
  await using test = createTest();
  const stream = await test.hub.subscribe({ filters: on(notes), gone: ["jobs/three"] });
  await using client = createClient(stream).live();
  await test.clock.advance(0);
  assertEquals(JSON.parse(client.frames[0]?.data ?? "").gone, ["jobs/three"]);
});
