/**
 * The dialects behind routes of a test, without the rest of the server.
 *
 * @module
 */
import { AGUI, AguiChatBody, readAguiChat } from "../../lib/topics/chat/dialects/agui.ts";
import { AI_SDK, readUiChat, UiChatBody } from "../../lib/topics/chat/dialects/ai_sdk.ts";
import type { ChatInput } from "../../lib/topics/chat/dialects/input.ts";
import {
  CompletionBody,
  readCompletion,
  toCompletion,
} from "../../lib/topics/chat/dialects/openai.ts";
import { DialectStreams } from "../../lib/topics/chat/dialect_stream.ts";
import { untilRunEnds } from "../../lib/topics/chat/run_feed.ts";
import { systemClock } from "../../lib/core/clock.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { EVENT_STREAM_HEADERS } from "../../lib/wire/sse.ts";
import type { Dialect } from "../../lib/topics/chat/dialect.ts";
import { FakeRun, RUN } from "../topics/chat/fake_run.ts";
import { createTestWire, type TestWire } from "./wire.ts";

/** A server whose answers a test writes. */
export interface FakeServer {
  readonly wire: TestWire;
  /** What clients have asked for. */
  readonly inputs: readonly ChatInput[];
  /** Returns the run of the next request that starts one. */
  nextRun(): Promise<FakeRun>;
}

/** Creates a server that keeps its runs. */
export function createFakeServer(): FakeServer {
  const streams = new DialectStreams(systemClock, 15_000);
  const inputs: ChatInput[] = [];
  const runs: FakeRun[] = [];
  const waiting: ((run: FakeRun) => void)[] = [];
  /** The newest run of each chat, and the run of each turn. */
  const known = new Map<string, FakeRun>();

  function start(input: ChatInput): FakeRun {
    inputs.push(input);
    const { chatId = "chat-1", clientRunId, messageId } = input;
    const turn = `${chatId}:${messageId}`;
    const joined = messageId === undefined ? undefined : known.get(turn);
    if (joined) return joined;
    const info = { ...RUN, chatId, runId: `run-${inputs.length}` };
    const run = new FakeRun(clientRunId === undefined ? info : { ...info, clientRunId });
    known.set(chatId, run).set(turn, run);
    const next = waiting.shift();
    if (next) next(run);
    else runs.push(run);
    return run;
  }

  function stream(run: FakeRun, dialect: Dialect, request: Request): Response {
    const headers = { ...EVENT_STREAM_HEADERS, ...dialect.headers };
    const cursor = request.headers.get("last-event-id") ?? undefined;
    return new Response(streams.open(run, dialect, cursor), { headers });
  }

  async function post(path: string, request: Request): Promise<Response> {
    const body = await request.json();
    switch (path) {
      case "/v1/chat":
        return stream(start(readUiChat(UiChatBody.parse(body))), AI_SDK, request);
      case "/v1/chat/agui":
        return stream(start(readAguiChat(AguiChatBody.parse(body))), AGUI, request);
      default: {
        const input = readCompletion(CompletionBody.parse(body));
        const run = start(input);
        if (input.dialect) return stream(run, input.dialect, request);
        const end = await untilRunEnds(run, request.signal);
        return Response.json(toCompletion(run.info, run.transcript.parts, end));
      }
    }
  }

  function get(path: string, request: Request): Response {
    const [, , , chatId = ""] = path.split("/");
    const run = known.get(chatId);
    return run ? stream(run, AI_SDK, request) : new Response(null, { status: 204 });
  }

  return {
    wire: createTestWire(async (request) => {
      const { pathname } = new URL(request.url);
      try {
        return request.method === "GET" ? get(pathname, request) : await post(pathname, request);
      } catch (thrown) {
        return problemResponse(toProblem(thrown));
      }
    }),
    inputs,
    nextRun() {
      const run = runs.shift();
      return run ? Promise.resolve(run) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}
