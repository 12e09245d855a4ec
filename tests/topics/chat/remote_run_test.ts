import { assertEquals } from "@std/assert";
import { defineRunTopic, type RunRecord } from "../../../lib/topics/chat/run.ts";
import { RemoteRun } from "../../../lib/topics/chat/remote_run.ts";
import { encodeFrames, type Frame } from "../../../lib/wire/sse.ts";
import { readFeed } from "./chats.ts";

const RECORD: RunRecord = {
  id: "run-1",
  chatId: "c",
  owner: "ann",
  share: "ann",
  model: "demo",
  createdAt: 1_700_000_000_000,
  end: null,
};

const PARTS = { event: "part", data: JSON.stringify({ run: "run-1", kind: "text", text: "a" }) };

/** Creates a run whose stream a test sends. */
function createTest() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  let closed = 0;
  const run = new RemoteRun(RECORD, () => closed++);
  const reading = run.read({ subscribe: () => Promise.resolve(readable) }, defineRunTopic("owned"));
  let isOpened = false;
  void run.opened.then(() => isOpened = true);
  return {
    run,
    get closed() {
      return closed;
    },
    get isOpened() {
      return isOpened;
    },
    async send(...frames: Frame[]) {
      await writer.write(encodeFrames(...frames)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
    async end() {
      await writer.close().catch(() => {});
      await reading;
    },
  };
}

Deno.test("a remote run is open once the last of its initial frames has arrived", async () => {
  const test = createTest();
  await test.send({ event: "sync", data: "{}" }, PARTS);
  assertEquals(test.isOpened, false);
  await test.send({ ...PARTS, id: "1-1" });
  assertEquals(test.isOpened, true);
  assertEquals(test.run.transcript.parts, [{ kind: "text", text: "aa" }]);
  await test.end();
});

for (
  const [reason, isLast, frames] of [
    ["a gap", false, [{ event: "gap", data: "{}" }]],
    ["a bye before its end", true, [{ event: "bye", data: `{"reason":"drain"}` }]],
  ] as const
) {
  Deno.test(`a remote run is broken after ${reason}`, async () => {
    const test = createTest();
    await test.send({ event: "sync", data: "{}", id: "1-1" });
    const reader = readFeed(test.run);
    await test.send(...frames);
    if (isLast) await test.end();
    else await test.send(PARTS);
    assertEquals([reader.end, test.closed], ["broken", 1]);
    const late = readFeed(test.run);
    await test.send();
    assertEquals([late.end, late.transcript.parts], ["broken", []]);
  });
}

Deno.test("a remote run ends with its terminal event, and nothing follows", async () => {
  const test = createTest();
  await test.send({ event: "sync", data: "{}", id: "1-1" });
  const reader = readFeed(test.run);
  await test.send(PARTS, { event: "stopped", data: `{"run":"run-1"}` }, PARTS);
  assertEquals([reader.end, reader.transcript.parts, test.closed], [
    { type: "stopped" },
    [{ kind: "text", text: "a" }],
    1,
  ]);
});
