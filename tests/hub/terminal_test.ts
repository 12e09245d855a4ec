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
      return events.slice(-1).map(({ type, json }) => ({ type, json }));
    },
  });
}

const [jobOne, jobTwo] = [job("one"), job("two")];
const on = (...topics: Topic[]) => topics.map((topic) => ({ topic, tags: null }));

/** Where a stream starts. */
interface StartOptions {
  readonly cursor?: string;
  readonly withSnapshot?: boolean;
}

/** Creates a hub, and records the ends of its streams. */
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
    async open(topics: readonly Topic[], start: StartOptions = {}) {
      const onEnd = (reason: EndReason) => void ends.push(reason);
      return await test.hub.subscribe({ filters: on(...topics), onEnd, ...start });
    },
    async connect(
      topics: readonly Topic[],
      start: StartOptions = {},
    ) {
      const client = createClient(await this.open(topics, start), start.cursor).live();
      await test.clock.advance(0);
      return client;
    },
  });
}

function typesOf({ frames }: { readonly frames: readonly { readonly event: string }[] }): string[] {
  return frames.map(({ event }) => event);
}

Deno.test("a terminal topic opens with its newest event, and its terminal event ends the stream with bye finished", async () => {
  await using test = createTest();
  await test.put(jobOne, "step", 1);
  await test.put(jobOne, "step", 2);
  await using client = await test.connect([jobOne]);
  assertEquals(typesOf(client), ["sync", "step"]);
  const last = await test.put(jobOne, "done", 3);
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
  const first = await test.put(jobOne, "step", 1);
  await test.put(jobOne, "step", 2);
  const last = await test.put(jobOne, "done", 3);
  await using client = await test.connect([jobOne], { cursor: first });
  assertEquals(typesOf(client), ["sync", "step", "done", "bye"]);
  assertEquals(await test.open([jobOne], { cursor: last }), null);
  const [alertId] = await test.hub.publish(alerts, [numbered("alert", 1)]);
  assertEquals(await test.open([jobOne], { cursor: alertId ?? "" }), null);
  await test.clock.advance(60_000);
  assertEquals(
    [running, test.clock.timers],
    [0, 0],
    "a stream that did not open leaves a task or a timer",
  );
});

for (
  const [cursorKind, start] of [["no cursor", {}], ["a cursor that is not honoured", {
    cursor: "x",
  }]] as const
) {
  Deno.test(`an ended topic sends its terminal event to a client with ${cursorKind}`, async () => {
    await using test = createTest();
    await test.put(jobOne, "step", 1);
    const last = await test.put(jobOne, "done", 2);
    await using client = await test.connect([jobOne], start);
    // A cursor that is not honoured starts just before the oldest retained event, which `gap.before` names.
    const replayed = "cursor" in start ? ["gap", "done", "step", "done"] : ["done"];
    assertEquals(typesOf(client), ["sync", ...replayed, "bye"]);
    assertEquals(client.cursor, last);
  });
}

Deno.test("an ended topic sends its terminal event with snapshot=1", async () => {
  await using test = createTest();
  const cursor = await test.put(jobOne, "done", 1);
  await using client = await test.connect([jobOne], { cursor, withSnapshot: true });
  assertEquals(typesOf(client), ["sync", "done", "bye"]);
});

Deno.test("a stream of several terminal topics ends with the last of them", async () => {
  await using test = createTest();
  const first = await test.put(jobOne, "step", 1);
  await test.put(jobTwo, "step", 1);
  await using client = await test.connect([jobOne, jobTwo]);
  const quiet = await test.put(jobOne, "done", 2);
  await test.put(jobTwo, "step", 2);
  assertEquals(typesOf(client), ["sync", "step", "step", "done", "step"]);

  // A client that reconnects after the end of one still receives the other.
  await using back = await test.connect([jobOne, jobTwo], { cursor: quiet });
  assertEquals(typesOf(back), ["sync", "step"]);
  await test.put(jobTwo, "done", 3);
  for (const subscriber of [client, back]) {
    assertEquals(typesOf(subscriber).slice(-2), ["done", "bye"]);
    assert(subscriber.isEnded);
  }
  assertEquals(await test.open([jobOne, jobTwo], { cursor: back.cursor }), null);
  await using late = await test.connect([jobOne, jobTwo], { cursor: first });
  assertEquals(typesOf(late), ["sync", "step", "done", "step", "done", "bye"]);
});

Deno.test("a stream stays open while one of its topics has not ended", async () => {
  await using test = createTest();
  const last = await test.put(jobOne, "done", 1);
  await using client = await test.connect([jobOne, notes], { cursor: last });
  await test.hub.publish(notes, [numbered("note", 1)]);
  await test.clock.advance(0);
  assertEquals(typesOf(client), ["sync", "note"]);
});

Deno.test("a blocked client receives large events and the terminal event once it is writable", async () => {
  await using test = createTest();
  await test.put(jobOne, "step", 1);
  const blocked = createClient(await test.open([jobOne]));
  for (let n = 2; n <= 4; n++) await test.put(jobOne, "step", n, "x".repeat(50_000));
  await test.put(jobOne, "done", 5, "y".repeat(50_000));
  await test.clock.advance(5000);
  assertEquals(test.ends, []);
  blocked.live();
  await test.clock.advance(5000);
  assertEquals(typesOf(blocked), ["sync", "step", "step", "step", "step", "done", "bye"]);
  assertEquals(test.ends, ["finished"]);
});

Deno.test("a client that reconnects to an ended topic receives a gap, the retained events and the terminal event", async () => {
  await using test = createHubUnderTest({ retainEvents: 2 });
  const { hub, clock } = test;
  const ids: string[] = [];
  for (let n = 1; n <= 4; n++) {
    ids.push(...await hub.publish(alerts, [numbered("alert", n)]));
    await hub.publish(jobOne, [{ type: n < 4 ? "step" : "done", data: { n } }]);
  }
  await using client = createClient(await hub.subscribe({ filters: on(jobOne), cursor: ids[0] }))
    .live();
  await clock.advance(0);
  assertEquals(typesOf(client), ["sync", "gap", "step", "done", "bye"]);
});

Deno.test("whileSubscribed() runs a task for each topic of a family", async () => {
  await using test = createTest();
  const runs: string[] = [];
  test.hub.whileSubscribed({ name: "jobs" }, ({ name }) => {
    runs.push(`+${name}`);
    return () => void runs.push(`-${name}`);
  });
  await using client = await test.connect([jobOne, jobTwo]);
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
