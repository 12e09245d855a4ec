/** Chat on two real servers that share a Redis: one produces the answer, the other reads it. */
import { assert, assertEquals } from "@std/assert";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { startFleet } from "../support/fleet.ts";
import { print } from "../support/print.ts";
import { redisTest, slowRedisTest } from "../support/programs.ts";
import { within } from "../support/within.ts";

const SETTINGS = { DEMO: "1" };

/** The TTL of a producer's lease, and the time to notice that it has expired. */
const LEASE_MS = 30_000;
const NOTICE_MS = 3000;

/** A response that is read as it arrives. */
interface Reading {
  readonly response: Response;
  readonly frames: ReceivedFrame[];
  /** Resolves to the frames once the body has ended, or broken. */
  readonly ended: Promise<"closed" | "broken">;
}

function read(response: Response): Reading {
  assert(response.body !== null, `${response.status}`);
  const parser = createFrameParser("");
  const frames: ReceivedFrame[] = [];
  const { body } = response;
  async function run(): Promise<"closed" | "broken"> {
    try {
      for await (const chunk of body) frames.push(...parser.feed(chunk));
      return "closed";
    } catch {
      return "broken";
    }
  }
  return { response, frames, ended: run() };
}

/** Asks the simulated model, in the AI SDK's dialect. */
async function ask(origin: string, chatId: string, prompt: string): Promise<Reading> {
  const message = {
    id: crypto.randomUUID(),
    role: "user",
    parts: [{ type: "text", text: prompt }],
  };
  const response = await fetch(`${origin}/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: chatId, messages: [message] }),
  });
  assertEquals(response.status, 200);
  return read(response);
}

/** Follows the newest run of a chat. @param accept Selects the dialect. */
async function follow(origin: string, chatId: string, accept: string): Promise<Reading> {
  return read(await fetch(`${origin}/v1/chat/${chatId}/stream`, { headers: { accept } }));
}

const NATIVE = "text/event-stream";
const AI_SDK = "*/*";

/** Returns the text of an answer, in the AI SDK's dialect or in native frames. */
function textOf(frames: readonly ReceivedFrame[]): string {
  return frames.filter(({ data }) => data.startsWith("{")).map(({ data }) => {
    const { type, kind, delta, text } = JSON.parse(data);
    if (type === "text-delta") return delta;
    return kind === "text" ? text : "";
  }).join("");
}

/** Resolves once an answer has begun. */
async function begun({ frames }: Reading): Promise<void> {
  while (textOf(frames) === "") await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Returns the last of the native frames before `bye`. */
function endOf({ frames }: Reading) {
  const end = frames.findLast(({ event }) => ["done", "failed", "stopped"].includes(event));
  return [end?.event, JSON.parse(end?.data ?? "{}").code];
}

slowRedisTest(
  "an answer of 1,000 tokens costs at most 400 commands, and is the same on every server and in every dialect",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other, standIn } = fleet;
    await standIn.resetCommands();
    const answer = await ask(one.origin, "long", "/long");
    await begun(answer);
    await within(60_000, "the end of the answer", answer.ended);
    const { total } = await standIn.commandsAtRedis();
    const words = textOf(answer.frames).split(" ").length;
    print(`an answer of ${words} words cost ${total} commands`);
    assert(total <= 400, `${total} commands`);
    for (const { origin } of [one, other]) {
      for (const accept of [NATIVE, AI_SDK]) {
        const replay = await follow(origin, "long", accept);
        await within(5000, "the replay", replay.ended);
        assertEquals(textOf(replay.frames), textOf(answer.frames), accept);
      }
    }
  },
);

redisTest(
  "a second device on another server reads along, and its stop ends the answer",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other } = fleet;
    const answer = await ask(one.origin, "c", "/long");
    await begun(answer);
    const [native, dialect] = await Promise.all(
      [NATIVE, AI_SDK].map((accept) => follow(other.origin, "c", accept)),
    );
    assert(native && dialect);
    await begun(native);
    await begun(dialect);
    const stoppedAt = performance.now();
    const stop = await fetch(`${other.origin}/v1/chat/c/stop`, { method: "POST" });
    assertEquals(await stop.json(), { success: true });
    const endings = [answer, native, dialect].map(({ ended }) => within(2000, "an end", ended));
    assertEquals(await Promise.all(endings), ["closed", "closed", "closed"]);
    const tookMs = performance.now() - stoppedAt;
    print(`the stop took ${Math.round(tookMs)} ms`);
    assert(tookMs < 1000, `${tookMs} ms`);
    assertEquals(endOf(native)[0], "stopped");
    for (const { frames } of [answer, dialect]) {
      assertEquals(JSON.parse(frames.at(-2)?.data ?? "").finishReason, "stop");
      assertEquals(textOf(frames), textOf(native.frames));
    }
  },
);

slowRedisTest(
  "an answer whose server is killed ends failed for the readers of another server within the lease",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other } = fleet;
    const answer = await ask(one.origin, "c", "/long");
    await begun(answer);
    const native = await follow(other.origin, "c", NATIVE);
    const dialect = await follow(other.origin, "c", AI_SDK);
    await begun(native);
    const killedAt = performance.now();
    one.signal("SIGKILL");
    assertEquals(await within(5000, "the broken connection", answer.ended), "broken");
    const endings = [native, dialect].map(({ ended }) =>
      within(LEASE_MS + NOTICE_MS, "the end", ended)
    );
    assertEquals(await Promise.all(endings), ["closed", "closed"]);
    print(`the run failed ${Math.round(performance.now() - killedAt)} ms after the kill`);
    assertEquals(endOf(native), ["failed", "interrupted"]);
    assert(dialect.frames.some(({ data }) => data.includes(`"type":"error"`)));
    assertEquals(textOf(dialect.frames), textOf(native.frames));
  },
);

redisTest(
  "an answer whose server drains ends failed for its readers, with all that there was",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other } = fleet;
    const answer = await ask(one.origin, "c", "/long");
    const native = await follow(other.origin, "c", NATIVE);
    await begun(answer);
    one.signal("SIGTERM");
    await within(5000, "the end", native.ended);
    await within(5000, "the end", answer.ended);
    assertEquals(endOf(native), ["failed", "interrupted"]);
    assert(answer.frames.some(({ data }) => data.includes(`"type":"error"`)));
    assertEquals(textOf(answer.frames), textOf(native.frames));
  },
);
