/** Runs of several isolates over one shared state. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ChatFailure } from "../../../lib/topics/chat/upstream.ts";
import { createClient } from "../../hub/support.ts";
import { refusalOf } from "../isolates.ts";
import { createSharedChat, FINISH, readFeed, text } from "./chats.ts";

const DONE = { type: "done", finishReason: "stop", usage: null } as const;
const STOPPED = { type: "stopped" } as const;

/** Returns the text of an answer. */
function textOf(parts: readonly unknown[]): string {
  return parts.map((part) => (part as { text?: string }).text ?? "").join("");
}

Deno.test("a reader on the producer's isolate receives the first part immediately, and then the parts of 50 ms together", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  const [call] = one.upstream.calls;
  for (const word of ["a", "b", "c", "d", "e", "f"]) {
    call?.send(text(word));
    await clock.advance(20);
  }
  assertEquals(reader.pieces, ["a", "bc", "de"]);
  call?.send(FINISH);
  await clock.advance(100);
  assertEquals([textOf(reader.transcript.parts), reader.end], ["abcdef", DONE]);
});

Deno.test("a subscriber of the topic receives the answer and its one end, on every isolate", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  const record = await other.newest();
  const topic = other.chat.topicOf(record);
  await using near = await one.follow(topic);
  await using far = await other.follow(topic);
  one.upstream.calls[0]?.send(text("Gold "), text("is up."));
  await clock.advance(200);
  one.upstream.calls[0]?.send({ kind: "reasoning", text: "so" }, FINISH);
  await clock.advance(200);
  const run = record.id;
  for (const client of [near, far]) {
    const frames = client.frames.map(({ event, data }) => [event, JSON.parse(data)]);
    assertEquals(frames[0]?.[1].topics, ["chat/c"]);
    assertEquals(frames.slice(1, -1), [
      ["part", { run, kind: "text", text: "" }],
      ["part", { run, kind: "text", text: "Gold is up." }],
      ["part", { run, kind: "reasoning", text: "so" }],
      ["done", { run, finish_reason: "stop", usage: null }],
    ]);
    assertEquals(frames.at(-1)?.[1].reason, "finished");
  }
});

Deno.test("an isolate with many runs appends at most 100 times per second in all", async () => {
  const RUNS = 50;
  const SECONDS = 2;
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate({ maxRunsPerUser: RUNS });
  const chatIds = Array.from({ length: RUNS }, (_, index) => `c${index}`);
  for (const chatId of chatIds) readFeed(await one.ask({ chatId }));
  for (let ms = 0; ms < SECONDS * 1000; ms += 100) {
    for (const call of one.upstream.calls) call.send(text("word "));
    await clock.advance(100);
  }
  let appends = 0;
  for (const chatId of chatIds) {
    const run = await events(await one.newest(chatId));
    appends += run.length - 1; // without its creation
  }
  // The first append of a run does not wait.
  assert(appends <= 100 * SECONDS + RUNS, `${appends} appends`);
  assert(appends >= 100, `${appends} appends`);
});

Deno.test("a subscriber without a cursor opens with the answer so far, its text as one part", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const record = await one.newest();
  const topic = one.chat.topicOf(record);
  for (const word of ["a", "b", "c"]) {
    one.upstream.calls[0]?.send(text(word));
    await clock.advance(200);
  }
  await using late = await one.follow(topic);
  assertEquals(late.dataOf("part"), [{ run: record.id, kind: "text", text: "abc" }]);
  one.upstream.calls[0]?.send(text("d"), FINISH);
  await clock.advance(200);
  assertEquals(late.dataOf("part").length, 2);
  await using after = await one.follow(topic);
  await clock.advance(100);
  assertEquals(after.frames.map(({ event }) => event), ["sync", "part", "done", "bye"]);
  assertEquals(after.dataOf("part"), [{ run: record.id, kind: "text", text: "abcd" }]);
});

Deno.test("a subscriber with a cursor receives what follows it", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const topic = one.chat.topicOf(await one.newest());
  one.upstream.calls[0]?.send(text("a"));
  await clock.advance(200);
  const first = await one.follow(topic);
  const { cursor } = first;
  await first.hangUp();
  one.upstream.calls[0]?.send(text("b"), FINISH);
  await clock.advance(200);
  await using second = await one.follow(topic, cursor);
  await clock.advance(100);
  assertEquals(textOf(second.dataOf("part")), "b");
  assertEquals(second.frames.at(-2)?.event, "done");
});

Deno.test("a subscriber whose cursor is not honoured receives a gap, and the whole answer once", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const topic = one.chat.topicOf(await one.newest());
  for (const word of ["a", "b"]) {
    one.upstream.calls[0]?.send(text(word));
    await clock.advance(200);
  }
  await using client = await one.follow(topic, "1-1");
  one.upstream.calls[0]?.send(text("c"), FINISH);
  await clock.advance(200);
  assertEquals(client.frames.map(({ event }) => event).slice(0, 2), ["sync", "gap"]);
  assertEquals(textOf(client.dataOf("part")), "abc");
  assertEquals(client.frames.at(-2)?.event, "done");
});

Deno.test("a subscriber with a cursor that requests a snapshot receives the whole answer once", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const topic = one.chat.topicOf(await one.newest());
  one.upstream.calls[0]?.send(text("a"));
  await clock.advance(200);
  const first = await one.follow(topic);
  const { cursor } = first;
  await first.hangUp();
  one.upstream.calls[0]?.send(text("b"));
  await clock.advance(200);
  const filters = [{ topic, tags: null }];
  await using second = createClient(
    await one.hub.subscribe({ filters, cursor, withSnapshot: true }),
  ).live();
  one.upstream.calls[0]?.send(text("c"), FINISH);
  await clock.advance(200);
  assertEquals(textOf(second.dataOf("part")), "abc");
});

Deno.test("a repeated turn joins its run, on every isolate, and asks the upstream once", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const feeds = await Promise.all([
    one.ask({ messageId: "m" }),
    one.ask({ messageId: "m" }),
    other.ask({ messageId: "m" }),
  ]);
  const calls = [...one.upstream.calls, ...other.upstream.calls];
  assertEquals(calls.length, 1);
  const readers = feeds.map(readFeed);
  calls[0]?.send(text("once"), FINISH);
  await clock.advance(300);
  for (const { transcript, end } of readers) {
    assertEquals([textOf(transcript.parts), end], ["once", DONE]);
  }
  await other.ask({ messageId: "another" });
  assertEquals(one.upstream.calls.length + other.upstream.calls.length, 2);
});

Deno.test("chats of the same name belong to their owners", async () => {
  const { isolate } = createSharedChat();
  await using one = isolate();
  const anns = await one.ask({ owner: "ann" });
  const bobs = await one.ask({ owner: "bob" });
  assertEquals((await one.newest("c", "ann")).id, anns.info.runId);
  assertEquals((await one.newest("c", "bob")).id, bobs.info.runId);
  assertEquals(await one.chat.newest("eve", "c"), null);
});

Deno.test("equal turns of different chats and owners are different runs", async () => {
  const { isolate } = createSharedChat();
  await using one = isolate();
  const feeds = [
    await one.ask({ messageId: "m" }),
    await one.ask({ messageId: "m", chatId: "d" }),
    await one.ask({ messageId: "m", owner: "bob" }),
  ];
  assertEquals(new Set(feeds.map(({ info }) => info.runId)).size, 3);
});

Deno.test("a turn whose run is no longer retained is answered anew", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask({ messageId: "m" });
  one.upstream.calls[0]?.send(FINISH);
  await clock.advance(601_000);
  const feed = await one.ask({ messageId: "m" });
  assertEquals([feed.end, one.upstream.calls.length], [null, 2]);
});

Deno.test("all readers of a run on an isolate share one feed", async () => {
  const { isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const feed = await one.ask();
  const record = await other.newest();
  assertStrictEquals(await one.chat.feedOf(record), feed);
  const [first, second] = await Promise.all([
    other.chat.feedOf(record),
    other.chat.feedOf(record),
  ]);
  assertStrictEquals(first, second);
  assertStrictEquals(await other.chat.feedOf(record), first);
});

Deno.test("a run that ends while it claims its lease never asks the upstream", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  one.claimMs = 1000;
  const asked = one.ask({ messageId: "m" });
  await clock.advance(500);
  await one.chat.drain();
  await clock.advance(1000);
  const { end, info } = await asked;
  assert(end?.type === "failed" && end.code === "interrupted");
  assertEquals(one.upstream.calls, []);
  const { timers } = clock;
  await clock.advance(300_000);
  assert(clock.timers <= timers, "it renews the lease of a run that has ended");
  assertEquals((await other.newest()).id, info.runId);
  assertEquals((await events({ id: info.runId, chatId: "c" })).length, 2);
});

Deno.test("an isolate that drains breaks its readers of another's run", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  const record = await other.newest();
  const reader = readFeed(await other.chat.feedOf(record));
  other.hub.drain();
  const late = readFeed(await other.chat.feedOf(record));
  await clock.advance(0);
  assertEquals([reader.end, late.end], ["broken", "broken"]);
});

Deno.test("the topic of a chat is that of its newest run, and of no other owner's", async () => {
  const { isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const { info } = await one.ask();
  assertEquals((await one.newest()).id, info.runId);
});

Deno.test("an answer that breaks off fails, and so does one of an upstream that fails", async () => {
  for (
    const [end, code] of [
      [null, "upstream_incomplete"],
      [new ChatFailure("upstream_timeout", "Too late."), "upstream_timeout"],
      [new TypeError("a secret of the upstream"), "upstream_failed"],
    ] as const
  ) {
    const { clock, isolate, events } = createSharedChat();
    await using one = isolate();
    // An unexpected error is logged, and nothing of it is passed on.
    const reader = readFeed(await one.ask());
    const record = await one.newest();
    one.upstream.calls[0]?.send(text("half"));
    await clock.advance(20);
    if (end === null) one.upstream.calls[0]?.send(null);
    else one.upstream.calls[0]?.fail(end);
    await clock.advance(200);
    assert(reader.end !== null && reader.end !== "broken" && reader.end.type === "failed");
    assertEquals(reader.end.code, code);
    const logged = await events(record);
    assertEquals(logged.map(({ type }) => type), ["part", "part", "failed"]);
    assert(!`${JSON.stringify(logged)} ${one.lines}`.includes("secret"));
  }
});

Deno.test("an answer of more than 256 KiB fails", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  const record = await one.newest();
  const [call] = one.upstream.calls;
  call?.send(text("é".repeat(131_072)));
  await clock.advance(200);
  assertEquals(reader.end, null);
  call?.send(text("x"));
  await clock.advance(200);
  assert(reader.end !== null && reader.end !== "broken" && reader.end.type === "failed");
  assertEquals([reader.end.code, call?.signal.aborted], ["too_long", true]);
  assertEquals(textOf((await events(record)).map(({ data }) => data)).length, 131_072);
});

Deno.test("a long text is logged in several events, none of which begins or ends within a character", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  readFeed(await one.ask());
  const content = `x${"😀".repeat(10_000)}`;
  one.upstream.calls[0]?.send(text(content), FINISH);
  await clock.advance(200);
  const [, ...logged] = await events(await one.newest());
  const texts = logged.map(({ data }) => textOf([data]));
  assertEquals(texts.join(""), content);
  assert(texts.length > 3 && texts.every((each) => each.isWellFormed()));
});

Deno.test("the ids and names of tool calls count towards the 256 KiB, once per call", async () => {
  const tool = (n: number, content: string) => ({
    kind: "tool" as const,
    id: `${"i".repeat(1000)}-${n}`,
    name: "n".repeat(1000),
    text: content,
  });
  for (const count of [100, 200]) {
    const { clock, isolate } = createSharedChat();
    await using one = isolate();
    const reader = readFeed(await one.ask());
    for (let n = 0; n < count; n++) {
      one.upstream.calls[0]?.send(tool(n, ""), tool(n, "{"), tool(n, "}"));
    }
    one.upstream.calls[0]?.send(FINISH);
    await clock.advance(200);
    const { end } = reader;
    if (count === 100) assertEquals(end, DONE);
    else {assert(
        end !== null && end !== "broken" && end.type === "failed" && end.code === "too_long",
      );}
  }
});

Deno.test("an answer whose events the log cannot retain fails, and so does one with a component above the size of an event", async () => {
  const component = (id: string, size: number) => ({
    kind: "component" as const,
    id,
    operation: "create" as const,
    component: { text: "x".repeat(size) },
  });
  for (const count of [998, 999]) {
    const { clock, isolate, events } = createSharedChat();
    await using one = isolate();
    const reader = readFeed(await one.ask());
    const record = await one.newest();
    for (let n = 0; n < count; n++) one.upstream.calls[0]?.send(component(String(n), 1));
    one.upstream.calls[0]?.send(FINISH);
    await clock.advance(200);
    assertEquals(
      reader.end,
      count === 998 ? DONE : {
        type: "failed",
        code: "too_long",
        detail: "The answer has too many parts.",
      },
    );
    assertEquals((await events(record))[0]?.data, { run: record.id, kind: "text", text: "" });
  }
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  one.upstream.calls[0]?.send(component("large", 70_000), FINISH);
  await clock.advance(200);
  assert(reader.end !== null && reader.end !== "broken" && reader.end.type === "failed");
  assertEquals(reader.end.code, "too_long");
});

Deno.test("a stop ends the request and the run, once", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  const record = await one.newest();
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(10);
  const stops = Promise.all([one.chat.stop(record), one.chat.stop(record)]);
  await clock.advance(10);
  await stops;
  one.upstream.calls[0]?.send(text("more"), FINISH);
  await clock.advance(1000);
  await one.chat.stop(await one.newest());
  assertEquals([reader.end, one.upstream.calls[0]?.signal.aborted], [STOPPED, true]);
  const logged = await events(record);
  assertEquals(logged.map(({ type }) => type), ["part", "part", "stopped"]);
  assertEquals(textOf(reader.transcript.parts), "half");
});

Deno.test("a stop on another isolate reaches the producer immediately", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const reader = readFeed(await one.ask());
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(10);
  const record = await other.newest();
  await other.chat.stop(record);
  await clock.advance(50);
  assertEquals([reader.end, one.upstream.calls[0]?.signal.aborted], [STOPPED, true]);
  assertEquals((await events(record)).map(({ type }) => type), ["part", "part", "stopped"]);
});

Deno.test("a run whose producer does not receive a stop is stopped after a second, and its producer appends nothing more", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const reader = readFeed(await one.ask());
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(200);
  const record = await other.newest();
  one.isDeaf = true;
  await other.chat.stop(record);
  await clock.advance(900);
  assertEquals((await other.newest()).end, null);
  await clock.advance(200);
  assertEquals((await other.newest()).end, STOPPED);
  one.upstream.calls[0]?.send(text(" more"));
  await clock.advance(500);
  assertEquals((await events(record)).map(({ type }) => type), ["part", "part", "stopped"]);
  assertEquals([reader.end, one.upstream.calls[0]?.signal.aborted], [STOPPED, true]);
});

Deno.test("nothing follows the end of a run, even if its upstream goes on", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  const feed = await one.ask();
  const record = await one.newest();
  const [call] = one.upstream.calls;
  assert(call);
  call.isStubborn = true;
  call.send(text("half"));
  await clock.advance(200);
  await one.chat.stop(record);
  call.send(text(" more"), FINISH);
  await clock.advance(1000);
  assertEquals([textOf(feed.transcript.parts), feed.end], ["half", STOPPED]);
  assertEquals((await events(record)).map(({ type }) => type), ["part", "part", "stopped"]);
});

Deno.test("a run without readers is stopped after the orphan time, and one with a reader is not", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  await clock.advance(300_000);
  assertEquals((await one.newest()).end, null);
  reader.leave();
  await clock.advance(59_900);
  assertEquals((await one.newest()).end, null);
  await clock.advance(200);
  assertEquals((await one.newest()).end, STOPPED);
  assert(one.upstream.calls[0]?.signal.aborted);
});

Deno.test("a subscriber of the topic on the producer's isolate keeps a run alive", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const client = await one.follow(one.chat.topicOf(await one.newest()));
  await clock.advance(300_000);
  assertEquals((await one.newest()).end, null);
  await client.hangUp();
  await clock.advance(61_000);
  assertEquals((await one.newest()).end, STOPPED);
});

Deno.test("a reader on another isolate keeps a run alive, and a run that it leaves is stopped", async () => {
  for (const kind of ["native", "dialect"]) {
    const { clock, isolate } = createSharedChat();
    await using one = isolate();
    await using other = isolate();
    readFeed(await one.ask()).leave();
    const record = await other.newest();
    const client = kind === "native" ? await other.follow(other.chat.topicOf(record)) : null;
    const reader = kind === "dialect" ? readFeed(await other.chat.feedOf(record)) : null;
    await clock.advance(300_000);
    assertEquals((await other.newest()).end, null, kind);
    await client?.hangUp();
    reader?.leave();
    await clock.advance(150_000);
    assertEquals((await other.newest()).end, STOPPED, kind);
  }
});

Deno.test("a run whose producer is dead ends failed for the readers of another isolate, within its lease", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(40_000);
  const record = await other.newest();
  await using client = await other.follow(other.chat.topicOf(record));
  const reader = readFeed(await other.chat.feedOf(record));
  one.isCut = true;
  await clock.advance(31_000);
  assertEquals(client.frames.at(-2)?.event, "failed");
  assert(reader.end !== null && reader.end !== "broken" && reader.end.type === "failed");
  assertEquals([reader.end.code, textOf(reader.transcript.parts)], ["interrupted", "half"]);
  one.upstream.calls[0]?.send(text(" more"), FINISH);
  one.isCut = false;
  await clock.advance(5000);
  assertEquals((await events(record)).map(({ type }) => type), ["part", "part", "failed"]);
});

Deno.test("a producer that returns after two leases, when the run has ended and nobody holds it, learns the end and appends nothing", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const reader = readFeed(await one.ask());
  const [call] = one.upstream.calls;
  call?.send(text("half"));
  await clock.advance(200);
  one.isCut = true;
  await clock.advance(31_000);
  const record = await other.newest();
  assertEquals(record.end?.type, "failed");
  await clock.advance(31_000);
  call?.send(text(" more"));
  one.isCut = false;
  await clock.advance(20_000);
  assertEquals((await events(record)).map(({ type }) => type), ["part", "part", "failed"]);
  assertEquals([reader.end, call?.signal.aborted], [record.end, true]);
});

Deno.test("a run whose producer died without readers is failed for the next one that asks", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  readFeed(await one.ask({ messageId: "m" }));
  one.isCut = true;
  await clock.advance(29_000);
  assertEquals((await other.newest()).end, null);
  await clock.advance(2000);
  const { end } = await other.newest();
  assert(end?.type === "failed" && end.code === "interrupted");
  const reader = readFeed(await other.ask({ messageId: "m" }));
  assertEquals([reader.end, other.upstream.calls.length], [end, 0]);
});

Deno.test("a run outlives an outage of the store: its readers notice nothing, and the log has every part once", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  const record = await one.newest();
  const [call] = one.upstream.calls;
  call?.send(text("a"));
  await clock.advance(200);
  one.isCut = true;
  for (const word of ["b", "c", "d"]) {
    call?.send(text(word));
    await clock.advance(15_000);
  }
  assertEquals(textOf(reader.transcript.parts), "abcd");
  one.isCut = false;
  call?.send(text("e"));
  await clock.advance(20_000);
  call?.send(FINISH);
  await clock.advance(2000);
  assertEquals(reader.end, DONE);
  assertEquals(textOf((await events(record)).map(({ data }) => data)), "abcde");
});

Deno.test("an answer that goes on during an outage of the store tries to append once per second", async () => {
  const SECONDS = 10;
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  readFeed(await one.ask());
  const { publish } = one.hub;
  let appends = 0;
  Object.assign(one.hub, {
    publish(...args: Parameters<typeof publish>) {
      appends++;
      return publish(...args);
    },
  });
  one.isCut = true;
  for (let ms = 0; ms < SECONDS * 1000; ms += 20) {
    one.upstream.calls[0]?.send(text("x".repeat(100)));
    await clock.advance(20);
  }
  assert(appends <= SECONDS + 1, `${appends} appends`);
  one.isCut = false;
  one.upstream.calls[0]?.send(FINISH);
  await clock.advance(2000);
  const logged = await events(await one.newest());
  assertEquals(textOf(logged.map(({ data }) => data)).length, 50 * SECONDS * 100);
});

Deno.test("an append whose reply is lost is repeated, and the log has its parts once", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  const record = await one.newest();
  one.losesReplies = true;
  one.upstream.calls[0]?.send(text("a"));
  await clock.advance(2500);
  one.losesReplies = false;
  one.upstream.calls[0]?.send(text("b"), FINISH);
  await clock.advance(3000);
  assertEquals(reader.end, DONE);
  assertEquals(textOf((await events(record)).map(({ data }) => data)), "ab");
});

Deno.test("a run that joins while its producer claims the lease is not taken for dead", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  one.claimMs = 5000;
  const asked = one.ask({ messageId: "m" });
  await clock.advance(1000);
  const reader = readFeed(await other.ask({ messageId: "m" }));
  await clock.advance(5000);
  await asked;
  one.upstream.calls[0]?.send(text("a"), FINISH);
  await clock.advance(1000);
  assertEquals([reader.end, textOf(reader.transcript.parts)], [DONE, "a"]);
});

Deno.test("a run that cannot be announced is ended, and the request refused", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  one.claimMs = 1000;
  const asked = one.ask({ messageId: "m" }).catch((thrown) => thrown);
  await clock.advance(500);
  one.isCut = true;
  await clock.advance(1000);
  assert(await asked instanceof Error);
  one.isCut = false;
  await clock.advance(2000);
  const record = await other.chat.startedBy("ann", "c", "m");
  assert(record?.end?.type === "failed" && record.end.code === "interrupted");
  assertEquals(one.upstream.calls, []);
});

Deno.test("an answer whose end cannot be stored breaks off, since another isolate will report another end", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  const reader = readFeed(await one.ask());
  one.isCut = true;
  one.upstream.calls[0]?.send(text("a"), FINISH);
  await clock.advance(60_000);
  assertEquals(reader.end, "broken");
});

Deno.test("a subscriber on the producer's isolate receives an end, even if the producer could not store its own", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await one.ask();
  const topic = one.chat.topicOf(await one.newest());
  await using client = await one.follow(topic);
  await clock.advance(1000);
  one.isCut = true;
  one.upstream.calls[0]?.send(text("a"), FINISH);
  await clock.advance(60_000);
  assertEquals(one.chat.openRuns, 0);
  one.isCut = false;
  await clock.advance(10_000);
  assertEquals(client.frames.at(-2)?.event, "failed");
  assert(client.isEnded);
});

Deno.test("a stop whose isolate drains ends the run before, even if its producer does not receive it", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  readFeed(await one.ask());
  one.isDeaf = true;
  await other.chat.stop(await other.newest());
  await other.chat.drain();
  assertEquals((await one.newest()).end, STOPPED);
  await clock.advance(15_000);
  assert(one.upstream.calls[0]?.signal.aborted);
});

Deno.test("a user has at most CHAT_RUNS_PER_USER open runs, of which those of dead producers do not count", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate({ maxRunsPerUser: 2 });
  await using other = isolate({ maxRunsPerUser: 2 });
  await one.ask({ chatId: "a" });
  await one.ask({ chatId: "b" });
  assertEquals(await refusalOf(() => one.ask({ chatId: "c", messageId: "m" })), "too_many_runs");
  await other.ask({ chatId: "a", owner: "bob" });
  one.upstream.calls[0]?.send(FINISH);
  await clock.advance(100);
  await one.ask({ chatId: "c", messageId: "m" });
  assertEquals(one.upstream.calls.length, 3);
  one.isCut = true;
  await clock.advance(31_000);
  await other.ask({ chatId: "d" });
  assertEquals((await other.newest("c")).end?.type, "failed");
});

Deno.test("a turn that was refused and is repeated minutes later has the whole time of a run", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate({ maxRunsPerUser: 1 });
  await using other = isolate({ maxRunsPerUser: 1 });
  readFeed(await one.ask({ chatId: "a" }));
  assertEquals(await refusalOf(() => one.ask({ messageId: "m" })), "too_many_runs");
  await clock.advance(500_000);
  one.upstream.calls[0]?.send(FINISH);
  await clock.advance(1000);
  const reader = readFeed(await one.ask({ messageId: "m" }));
  const remote = readFeed(await other.ask({ messageId: "m" }));
  await clock.advance(500_000);
  one.upstream.calls[1]?.send(text("late"), FINISH);
  await clock.advance(1000);
  for (const { end, transcript } of [reader, remote]) {
    assertEquals([end, textOf(transcript.parts)], [DONE, "late"]);
  }
  assertEquals(other.upstream.calls, []);
});

Deno.test("drain() fails the runs of the isolate with all that they had, and ends their requests", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  const reader = readFeed(await one.ask());
  const record = await other.newest();
  const remote = readFeed(await other.chat.feedOf(record));
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(10);
  const drained = one.chat.drain();
  await clock.advance(50);
  await drained;
  for (const { end, transcript } of [reader, remote]) {
    assert(end !== null && end !== "broken" && end.type === "failed");
    assertEquals([end.code, textOf(transcript.parts)], ["interrupted", "half"]);
  }
  assert(one.upstream.calls[0]?.signal.aborted);
  assertEquals((await events(record)).at(-1)?.type, "failed");
  assertEquals(await refusalOf(() => one.ask()), "busy_drain");
});

Deno.test("a run that is created while its isolate begins to drain is failed, and never asks the upstream", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  const asked = one.ask();
  await one.chat.drain();
  await clock.advance(100);
  const { end } = await asked;
  assert(end?.type === "failed" && end.code === "interrupted");
  assertEquals([one.upstream.calls.length, one.chat.openRuns], [0, 0]);
});

Deno.test("a subscriber that comes while the log does not answer opens, and has the answer once the log is back", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  one.upstream.calls[0]?.send(text("half"));
  await clock.advance(200);
  const topic = other.chat.topicOf(await other.newest());
  other.isCut = true;
  await using client = await other.follow(topic);
  assertEquals(client.frames.map(({ event }) => event), ["sync"]);
  other.isCut = false;
  await clock.advance(2000);
  assertEquals(textOf(client.dataOf("part")), "half");
});

Deno.test("a subscriber that gets its position while the answer goes on receives each part once", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  const topic = other.chat.topicOf(await other.newest());
  other.isCut = true;
  await using client = await other.follow(topic);
  other.isCut = false;
  other.readMs = 300;
  for (const word of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]) {
    one.upstream.calls[0]?.send(text(word));
    await clock.advance(200);
  }
  await clock.advance(1000);
  assertEquals(textOf(client.dataOf("part")), "abcdefghij");
});

Deno.test("an isolate whose window lacks the beginning of an answer says so: natively by a gap, else by a broken connection", async () => {
  const WINDOWS = 2000; // which leaves each 32 KiB
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  for (let n = 0; n < 20; n++) {
    one.upstream.calls[0]?.send(text(String(n % 10).repeat(4000)));
    await clock.advance(200);
  }
  const record = await other.newest();
  const topic = other.chat.topicOf(record);
  for (let n = 0; n < WINDOWS; n++) {
    other.hub.keepOpen({ ...topic, name: `window-${n}`, family: "windows" }, 60_000);
  }
  await clock.advance(0);
  await using client = await other.follow(topic);
  const [sync, gap, ...parts] = client.frames;
  assertEquals(JSON.parse(sync?.data ?? "").gap, true);
  assertEquals(gap?.event, "gap");
  assertEquals(JSON.parse(gap?.data ?? "").topic, "chat/c");
  assert(parts.length > 0);
  const reader = readFeed(await other.chat.feedOf(record));
  await clock.advance(0);
  assertEquals(reader.end, "broken");
  await using whole = await one.follow(topic);
  assertEquals(whole.frames.map(({ event }) => event), ["sync", "part"]);
});

Deno.test("the log receives an answer in pieces that grow with its age, and at once after 2 KiB", async () => {
  const { clock, isolate, events } = createSharedChat();
  await using one = isolate();
  readFeed(await one.ask());
  const record = await one.newest();
  for (let second = 0; second < 60; second++) {
    for (let token = 0; token < 17; token++) {
      one.upstream.calls[0]?.send(text("word "));
      await clock.advance(60);
    }
  }
  const { length } = await events(record);
  assert(length < 45, `${length} events`);
  one.upstream.calls[0]?.send(text("x".repeat(2048)));
  await clock.advance(10);
  assert((await events(record)).length > length);
});

Deno.test("no log line contains a question or an answer", async () => {
  const { clock, isolate } = createSharedChat();
  await using one = isolate();
  await using other = isolate();
  await one.ask();
  const record = await other.newest();
  await using _client = await other.follow(other.chat.topicOf(record));
  one.upstream.calls[0]?.send(text("the answer"));
  one.isCut = true;
  await clock.advance(60_000);
  const lines = [...one.lines, ...other.lines].join("\n");
  assert(!/the (question|answer)/.test(lines), lines);
});
