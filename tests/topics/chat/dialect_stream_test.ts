import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fc from "fast-check";
import { z } from "zod";
import { AGUI } from "../../../lib/topics/chat/dialects/agui.ts";
import { AI_SDK } from "../../../lib/topics/chat/dialects/ai_sdk.ts";
import { OPENAI } from "../../../lib/topics/chat/dialects/openai.ts";
import type { Dialect } from "../../../lib/topics/chat/dialect.ts";
import { DialectStreams } from "../../../lib/topics/chat/dialect_stream.ts";
import { ChatPart, type RunEnd } from "../../../lib/topics/chat/part.ts";
import { mergeParts } from "../../../lib/topics/chat/transcript.ts";
import { createFrameParser } from "../../support/frames.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { propertyRuns } from "../../support/property_runs.ts";
import { FakeRun, PART } from "./fake_run.ts";

const HEARTBEAT_MS = 15_000;
const DONE: RunEnd = { type: "done", finishReason: "stop", usage: null };

/** An end that adds nothing to the answer: that of a completed one gives its tool calls an input. */
const FAILED: RunEnd = { type: "failed", code: "interrupted", detail: "The server stopped." };

/** Lets streams deliver what is due. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** A client that reads at its own pace, loses its connection, and resumes after the last id that it has. */
class Client {
  /** The data of all frames, over all connections. */
  readonly received: string[] = [];
  cursor = "";
  isEnded = false;
  isBroken = false;
  #parser = createFrameParser();
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #isReading = false;
  /** The bytes after which the connection is lost, null if it is not. */
  #bytesLeft: number | null = null;

  constructor(readonly streams: DialectStreams, readonly dialect: Dialect) {}

  get isConnected(): boolean {
    return this.#reader !== null;
  }

  /** Connects to an isolate, which has a feed of the run. */
  connect(run: FakeRun): void {
    if (this.#reader || this.isEnded) return;
    this.isBroken = false;
    this.#bytesLeft = null;
    this.#parser = createFrameParser(this.cursor);
    this.#reader = this.streams.open(run, this.dialect, this.cursor).getReader();
  }

  /** Takes one chunk, once there is one. */
  read(): void {
    if (!this.#reader || this.#isReading) return;
    const reader = this.#reader;
    this.#isReading = true;
    reader.read().then((result) => {
      if (reader !== this.#reader) return;
      this.#isReading = false;
      if (result.done) {
        this.isEnded = true;
        this.#reader = null;
      } else this.#take(result.value);
    }, () => {
      if (reader !== this.#reader) return;
      this.isBroken = true;
      this.#disconnect();
    });
  }

  /** Loses the connection after some bytes of the next chunk, or at once. */
  cutAfter(bytes: number): void {
    if (bytes === 0) {
      void this.#reader?.cancel().catch(() => {});
      this.#disconnect();
    } else if (this.#reader) this.#bytesLeft = bytes;
  }

  #take(bytes: Uint8Array): void {
    const frames = this.#parser.feed(
      this.#bytesLeft === null ? bytes : bytes.slice(0, this.#bytesLeft),
    );
    this.received.push(...frames.map(({ data }) => data));
    this.cursor = this.#parser.lastEventId;
    if (this.#bytesLeft === null) return;
    void this.#reader?.cancel().catch(() => {});
    this.#disconnect();
  }

  #disconnect(): void {
    this.#reader = null;
    this.#isReading = false;
  }
}

const Message = z.looseObject({
  type: z.string(),
  delta: z.string().optional(),
  toolCallId: z.string().optional(),
  toolName: z.string().optional(),
  toolCallName: z.string().optional(),
  inputTextDelta: z.string().optional(),
  data: z.unknown().optional(),
  value: z.unknown().optional(),
});

/** Decodes frames of the AI SDK and AG-UI to parts. */
function decode(frames: readonly string[]): ChatPart[] {
  const names = new Map<string, string>();
  const parts = frames.filter((data) => data !== "[DONE]").flatMap((data): unknown[] => {
    const message = Message.parse(JSON.parse(data));
    const { type, delta: text, toolCallId: id = "" } = message;
    switch (type) {
      case "text-delta":
      case "TEXT_MESSAGE_CONTENT":
        return [{ kind: "text", text }];
      case "reasoning-delta":
      case "REASONING_MESSAGE_CONTENT":
        return [{ kind: "reasoning", text }];
      case "tool-input-start":
      case "TOOL_CALL_START":
        names.set(id, message.toolName ?? message.toolCallName ?? "");
        return [{ kind: "tool", id, name: names.get(id), text: "" }];
      case "tool-input-delta":
      case "TOOL_CALL_ARGS":
        return [{ kind: "tool", id, name: names.get(id), text: message.inputTextDelta ?? text }];
      case "data-component":
        return [{ kind: "component", ...Object(message.data) }];
      case "CUSTOM":
        return [{ kind: "component", ...Object(message.value) }];
      default:
        return [];
    }
  });
  return mergeParts(parts.map((part) => ChatPart.parse(part)));
}

/** Returns the parts without pieces of a tool call that add nothing to it, since no frame represents them. */
function withoutEmptyPieces(parts: readonly ChatPart[]): ChatPart[] {
  const calls = new Set<string>();
  return mergeParts(parts.filter((part) => {
    if (part.kind !== "tool") return true;
    const isFirst = !calls.has(part.id);
    calls.add(part.id);
    return isFirst || part.text !== "";
  }));
}

type Step =
  | { readonly do: "add"; readonly parts: readonly ChatPart[] }
  | { readonly do: "read" | "cut"; readonly client: number; readonly bytes: number }
  | { readonly do: "connect"; readonly client: number; readonly isolate: Isolate }
  | { readonly do: "log" }
  | { readonly do: "break"; readonly isolate: Isolate };

/** The isolate that produces the run, or one that reads its log, which lags behind. */
type Isolate = "producer" | "other";

const ISOLATE = fc.constantFrom<Isolate>("producer", "other");

const CLIENTS = 2;

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(PART, { maxLength: 4 }).map((parts) => ({ do: "add" as const, parts })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("read" as const, "read" as const, "cut" as const),
      client: fc.nat(CLIENTS - 1),
      bytes: fc.oneof(fc.constant(0), fc.nat(300)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      client: fc.nat(CLIENTS - 1),
      isolate: ISOLATE,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "log" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("break" as const), isolate: ISOLATE }),
  },
);

for (const dialect of [AI_SDK, AGUI]) {
  Deno.test(`DialectStreams sends every ${dialect.name} client the answer exactly once, however it joins, lags and resumes`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 20, maxLength: 60 }), async (steps) => {
        const runs = { producer: new FakeRun(), other: new FakeRun() };
        let unlogged: ChatPart[] = [];
        const log = () => runs.other.add(...mergeParts(unlogged.splice(0)));
        const streams = new DialectStreams(createManualClock(), HEARTBEAT_MS);
        const clients = Array.from({ length: CLIENTS }, () => new Client(streams, dialect));
        for (const step of steps) {
          if (step.do === "add") {
            runs.producer.add(...step.parts);
            unlogged = [...unlogged, ...step.parts];
          } else if (step.do === "log") log();
          else if (step.do === "break") runs[step.isolate].break();
          else {
            const client = clients[step.client];
            assert(client);
            if (step.do === "connect") client.connect(runs[step.isolate]);
            else if (step.do === "read") client.read();
            else client.cutAfter(step.bytes);
          }
          await settle();
        }
        log();
        for (const run of Object.values(runs)) run.finish(FAILED);
        for (const client of clients) {
          while (!client.isEnded) {
            client.connect(runs.other);
            client.read();
            await settle();
          }
          assertEquals(decode(client.received), withoutEmptyPieces(runs.producer.transcript.parts));
        }
        for (const run of Object.values(runs)) assertEquals(run.listeners, 0);
      }),
      { numRuns: propertyRuns(200) },
    );
  });
}

/** Reads what a stream has sent so far. */
async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

function open(run: FakeRun, dialect: Dialect, cursor?: string) {
  const clock = createManualClock();
  const streams = new DialectStreams(clock, HEARTBEAT_MS);
  return { clock, streams, reader: streams.open(run, dialect, cursor).getReader() };
}

Deno.test("DialectStreams begins with the answer so far as one delta, and then sends each flush", async () => {
  const run = new FakeRun();
  run.add({ kind: "text", text: "Gold " }, { kind: "text", text: "is " });
  const { reader } = open(run, AI_SDK);
  assertEquals(
    await readText(reader),
    `data: {"type":"start","messageId":"run-1"}\n\n` +
      `id: 1700000000000-0\ndata: {"type":"start-step"}\n\n` +
      `data: {"type":"text-start","id":"1"}\n\n` +
      `id: 1700000000000-8\ndata: {"type":"text-delta","id":"1","delta":"Gold is "}\n\n`,
  );
  run.add({ kind: "text", text: "up." });
  assertEquals(
    await readText(reader),
    `id: 1700000000000-11\ndata: {"type":"text-delta","id":"1","delta":"up."}\n\n`,
  );
  run.finish(DONE);
  assertEquals(
    await readText(reader),
    `data: {"type":"text-end","id":"1"}\n\ndata: {"type":"finish-step"}\n\n` +
      `data: {"type":"finish","finishReason":"stop"}\n\ndata: [DONE]\n\n`,
  );
  assert((await reader.read()).done);
});

Deno.test("DialectStreams sends each flush to all readers in step as one chunk", async () => {
  const run = new FakeRun();
  let encodings = 0;
  const counted: Dialect = {
    ...AI_SDK,
    createEncoder(info) {
      const encoder = AI_SDK.createEncoder(info);
      return {
        encode(parts) {
          encodings += parts.length;
          return encoder.encode(parts);
        },
        end: (end) => encoder.end(end),
      };
    },
  };
  const streams = new DialectStreams(createManualClock(), HEARTBEAT_MS);
  const readers = [1, 2, 3].map(() => streams.open(run, counted).getReader());
  for (const reader of readers) await reader.read();
  const chunks = readers.map((reader) => reader.read());
  run.add({ kind: "text", text: "Gold" });
  const [first, ...others] = await Promise.all(chunks);
  for (const other of others) assert(other.value === first?.value);
  assertEquals(encodings, 1);
  for (const reader of readers) await reader.cancel();
  assertEquals(run.listeners, 0);
});

Deno.test("DialectStreams resumes after the cursor of the run, and ignores one of another run", async () => {
  const run = new FakeRun();
  run.add({ kind: "text", text: "Gold is up." });
  const resumed = await readText(open(run, AGUI, "1700000000000-5").reader);
  assertEquals(
    resumed,
    `id: 1700000000000-11\ndata: {"type":"TEXT_MESSAGE_CONTENT","messageId":"run-1","delta":"is up."}\n\n`,
  );
  for (const cursor of ["1600000000000-5", "1700000000000-x", "", "1700000000000"]) {
    const replayed = await readText(open(run, AGUI, cursor).reader);
    assert(replayed.includes("RUN_STARTED") && replayed.includes("Gold is up."), cursor);
  }
});

Deno.test("DialectStreams replays a run that has ended, and closes", async () => {
  const run = new FakeRun();
  run.add({ kind: "text", text: "Gold is up." });
  run.finish({ type: "stopped" });
  const { reader, clock } = open(run, OPENAI);
  assert((await readText(reader)).includes("Gold is up."));
  assert((await readText(reader)).endsWith("data: [DONE]\n\n"));
  assert((await reader.read()).done);
  assertEquals(clock.timers, 0);
});

Deno.test("DialectStreams sends comments while the model is silent", async () => {
  const run = new FakeRun();
  const { reader, clock } = open(run, AI_SDK);
  await reader.read();
  const received: string[] = [];
  const next = () => readText(reader).then((text) => received.push(text));
  let read = next();
  await clock.advance(HEARTBEAT_MS - 1);
  assertEquals(received, []);
  run.add({ kind: "text", text: "Gold" });
  await read;
  read = next();
  await clock.advance(HEARTBEAT_MS - 1);
  assertEquals(received.length, 1);
  await clock.advance(1);
  assertEquals(received[1], ": heartbeat\n\n");
  await read;
  await reader.cancel();
  assertEquals(clock.timers, 0);
});

Deno.test("DialectStreams breaks the connections of a broken feed, and does not close them", async () => {
  const run = new FakeRun();
  run.add({ kind: "text", text: "Gold" });
  const { reader } = open(run, AI_SDK);
  await reader.read();
  const read = reader.read();
  run.break();
  await assertRejects(() => read, Error, "The run continues elsewhere.");
});

Deno.test("DialectStreams breaks the connection of a client that takes nothing for a minute", async () => {
  const run = new FakeRun();
  const { reader, clock } = open(run, AI_SDK);
  await reader.read();
  run.add({ kind: "text", text: "Gold" });
  await clock.advance(60_000 + HEARTBEAT_MS);
  await assertRejects(() => reader.read(), Error, "The client takes nothing.");
  assertEquals(run.listeners, 0);
});
