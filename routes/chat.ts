/**
 * Chat: the answers of a model, in the protocols of chat clients.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Problem } from "../lib/core/problem.ts";
import { randomId } from "../lib/core/random_id.ts";
import type { AppEnv } from "../lib/http/app_env.ts";
import { bearerTokenOf, type Principal, unauthorized } from "../lib/http/auth.ts";
import { authorizeReader } from "../lib/http/authorize.ts";
import { limitBody } from "../lib/http/body_limit.ts";
import { jsonContent, streamContent } from "../lib/http/openapi.ts";
import { problems } from "../lib/http/problem_response.ts";
import { requireJson } from "../lib/http/publish_middleware.ts";
import { parseStreamInput, StreamQuery } from "../lib/http/query_params.ts";
import { consumeLookup, principalKey } from "../lib/http/rate_limits.ts";
import { createRouter, route, type Router } from "../lib/http/route.ts";
import {
  acceptedFormat,
  streamResponse,
  withSlot,
  withStoreFallback,
} from "../lib/http/stream_response.ts";
import type { Services } from "../lib/services.ts";
import type { Dialect } from "../lib/topics/chat/dialect.ts";
import { AGUI, AguiChatBody, readAguiChat } from "../lib/topics/chat/dialects/agui.ts";
import {
  AI_SDK,
  AI_SDK_REPLAY,
  readUiChat,
  UiChatBody,
} from "../lib/topics/chat/dialects/ai_sdk.ts";
import { ChatId, type ChatInput, MessageId } from "../lib/topics/chat/dialects/input.ts";
import {
  CompletionBody,
  readCompletion,
  toCompletion,
} from "../lib/topics/chat/dialects/openai.ts";
import { CHAT, type RunRecord } from "../lib/topics/chat/run.ts";
import { type RunFeed, untilRunEnds } from "../lib/topics/chat/run_feed.ts";
import { chatOff } from "../lib/topics/chat/upstream.ts";
import { unknownResource } from "../lib/topics/resource.ts";
import { EVENT_STREAM_HEADERS } from "../lib/wire/sse.ts";

/** The most bytes of a request. */
const MAX_CHAT_BODY_BYTES = 1_048_576;

/** The bearer token of callers without a name, for clients that cannot leave it out. Only a demo accepts it. */
const DEMO_TOKEN = "demo";

const CHAT_SECURITY = [{ user: [] }];

const ChatParams = z.object({ id: ChatId });

/** The query of TanStack's client, which always asks for the whole answer. */
const AguiJoinQuery = z.object({
  runId: MessageId.meta({ description: "The client's id of the run." }),
  offset: z.literal("-1").optional(),
});

const Stopped = z.object({ success: z.literal(true) });

/** The body of a request to stop, which `useChat`'s documentation recommends. */
const StopBody = z.looseObject({ activeStreamId: z.string().nullish() });

const Models = z.object({
  object: z.literal("list"),
  data: z.array(z.object({
    id: z.string(),
    object: z.literal("model"),
    created: z.int(),
    owned_by: z.string(),
  })),
});

/** Documents the stream of a dialect, which has no frame of the server's own. */
function dialectContent(frames: string) {
  return {
    description: `A stream of server-sent events: ${frames}.`,
    content: streamContent("").content,
  };
}

/** A caller who may chat. */
interface ChatCaller {
  readonly principal: Principal;
  readonly owner: string;
}

/** Creates the routes of the chat. */
export function chatRoutes(
  { authenticator, chat, config, dialectStreams, lookups, runtime, streamOpener }: Pick<
    Services,
    | "authenticator"
    | "chat"
    | "config"
    | "dialectStreams"
    | "lookups"
    | "runtime"
    | "streamOpener"
  >,
): Router {
  const app = createRouter();

  function keyOf(c: Context<AppEnv>, principal: Principal): string {
    return principalKey(c, principal, config.CLIENT_IP_HEADER);
  }

  /** @throws {Problem} 401 `token_needed`; 403 `not_a_user`; as `authenticate()`. */
  async function authenticate(c: Context<AppEnv>): Promise<ChatCaller> {
    const isUnnamed = config.DEMO && bearerTokenOf(c) === DEMO_TOKEN;
    return callerOf(isUnnamed ? { kind: "anonymous" } : await authenticator.authenticate(c));
  }

  function callerOf(principal: Principal): ChatCaller {
    const owner = chat.ownerOf({ owner: "sub" in principal ? principal.sub : undefined });
    if (owner !== undefined) return { principal, owner };
    if (principal.kind === "anonymous") {
      throw unauthorized(
        "token_needed",
        "A chat needs an access token. Send `Authorization: Bearer …`.",
      );
    }
    throw new Problem(403, "not_a_user", "A chat needs the access token of a user.");
  }

  /** @throws {Problem} 401 or 403: the caller's token does not include the chat. */
  function authorize({ principal }: ChatCaller, chatId: string): void {
    const access = config.DEMO ? "public" : "owned";
    authorizeReader(principal, [{ name: `${CHAT}/${chatId}`, access }]);
  }

  /** Starts or joins a run for a request, and responds in a dialect. */
  async function answer(
    c: Context<AppEnv>,
    { chatId = randomId(runtime.random), ...input }: ChatInput,
    respond: (feed: RunFeed, onEnd: () => void) => Response | Promise<Response>,
  ): Promise<Response> {
    if (chat.model === null) throw chatOff();
    const caller = await authenticate(c);
    authorize(caller, chatId);
    const { principal, owner } = caller;
    return await withSlot(c, streamOpener, principal, async (onEnd) => {
      const share = keyOf(c, principal);
      return await respond(await chat.start({ owner, share, chatId, input }), onEnd);
    });
  }

  function stream(
    c: Context<AppEnv>,
    feed: RunFeed,
    dialect: Dialect,
    onEnd: () => void,
  ): Response {
    const cursor = c.req.header("last-event-id");
    return new Response(dialectStreams.open(feed, dialect, cursor, onEnd), {
      headers: { ...EVENT_STREAM_HEADERS, ...dialect.headers },
    });
  }

  /** @throws {Problem} 404 `unknown_chat`; 429 `lookups_too_often`. */
  function refuseUnknown(c: Context<AppEnv>, principal: Principal): never {
    consumeLookup(c, lookups, keyOf(c, principal));
    throw unknownResource(CHAT);
  }

  route(
    app,
    {
      method: "post",
      path: "/v1/chat",
      summary:
        "Answers a chat in the AI SDK's UI message stream. A repeated message joins its answer",
      tags: ["chat"],
      security: CHAT_SECURITY,
      middleware: [requireJson, limitBody(MAX_CHAT_BODY_BYTES)],
      request: { body: UiChatBody },
      responses: {
        200: dialectContent("the parts of UI message stream v1 as `data`, and `[DONE]`"),
        ...problems(400, 401, 403, 413, 415, 429, 503),
      },
    },
    async (c, { body }) =>
      await answer(c, readUiChat(body), (feed, onEnd) => stream(c, feed, AI_SDK, onEnd)),
  );

  route(app, {
    method: "post",
    path: "/v1/chat/agui",
    summary: "Answers a chat in AG-UI 1.0. With `Last-Event-ID` it joins the run, and starts none",
    tags: ["chat"],
    security: CHAT_SECURITY,
    middleware: [requireJson, limitBody(MAX_CHAT_BODY_BYTES)],
    request: { body: AguiChatBody },
    responses: {
      200: dialectContent("the events of AG-UI as `data`, from `RUN_STARTED` on"),
      ...problems(400, 401, 403, 404, 413, 415, 429, 503),
    },
  }, async (c, { body }) => {
    const input = readAguiChat(body);
    if (!c.req.header("last-event-id")) {
      return await answer(c, input, (feed, onEnd) => stream(c, feed, AGUI, onEnd));
    }
    const caller = await authenticate(c);
    const { principal, owner } = caller;
    authorize(caller, body.threadId);
    return await withSlot(c, streamOpener, principal, async (onEnd) => {
      const record = await chat.startedBy(owner, body.threadId, body.runId);
      if (record === null) refuseUnknown(c, principal);
      return stream(c, await chat.feedOf(record), AGUI, onEnd);
    });
  });

  route(app, {
    method: "get",
    path: "/v1/chat/agui",
    summary: "Replays the run of an AG-UI client, then continues, as TanStack's client asks for it",
    tags: ["chat"],
    security: CHAT_SECURITY,
    request: { query: AguiJoinQuery },
    responses: {
      200: dialectContent("the events of AG-UI as `data`, from `RUN_STARTED` on"),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { query: { runId } }) => {
    const caller = await authenticate(c);
    const record = await chat.namedByClient(caller.owner, runId);
    if (record === null) refuseUnknown(c, caller.principal);
    authorize(caller, record.chatId);
    return await join(c, caller, record, AGUI);
  });

  route(app, {
    method: "post",
    path: "/v1/chat/completions",
    summary: "Answers a chat as OpenAI's `chat/completions` does",
    tags: ["chat"],
    security: CHAT_SECURITY,
    middleware: [requireJson, limitBody(MAX_CHAT_BODY_BYTES)],
    request: { body: CompletionBody },
    responses: {
      200: {
        description: "With `stream`: `chat.completion.chunk` as `data`, and `[DONE]`. " +
          "Without: one `chat.completion`",
        content: {
          ...streamContent("").content,
          "application/json": { schema: z.looseObject({ object: z.literal("chat.completion") }) },
        },
      },
      ...problems(400, 401, 403, 413, 415, 429, 503),
    },
  }, async (c, { body }) => {
    const { dialect, ...input } = readCompletion(body);
    return await answer(c, input, async (feed, onEnd) => {
      if (dialect !== null) return stream(c, feed, dialect, onEnd);
      const end = await untilRunEnds(feed, c.req.raw.signal).finally(onEnd);
      return c.json(toCompletion(feed.info, feed.transcript.parts, end));
    });
  });

  route(app, {
    method: "get",
    path: "/v1/models",
    summary: "Lists the model, as OpenAI's API does",
    tags: ["chat"],
    security: CHAT_SECURITY,
    request: {},
    responses: {
      200: jsonContent("The model", Models),
      ...problems(400, 401, 403, 503),
    },
  }, async (c) => {
    if (chat.model === null) throw chatOff();
    await authenticate(c);
    const model = { id: chat.model, object: "model" as const, created: 0, owned_by: "edgetape" };
    return c.json({ object: "list" as const, data: [model] }, 200);
  });

  route(app, {
    method: "get",
    path: "/v1/chat/{id}/stream",
    summary: "Streams the newest answer of a chat: replays it, then continues",
    tags: ["chat"],
    security: CHAT_SECURITY,
    request: { params: ChatParams, query: StreamQuery },
    responses: {
      200: streamContent(
        "with `Accept: text/event-stream` native frames: `sync`, `part`, then one of `done`, " +
          "`failed`, `stopped`, and `bye`; else the AI SDK's, from `start` on",
      ),
      204: { description: "Nothing is known of the chat, or the cursor is at or after the end" },
      ...problems(400, 401, 403, 404, 429, 503),
    },
  }, async (c, { params: { id }, query }) => {
    c.header("vary", "Accept");
    if (acceptedFormat(c.req.header("accept")) !== "stream") return await replay(c, id);
    const response = await withStoreFallback(c, streamOpener, null, async () => {
      const principal = await authenticator.authenticateStream(c);
      const caller = callerOf(principal);
      authorize(caller, id);
      const record = await chat.newest(caller.owner, id);
      if (record === null) refuseUnknown(c, principal);
      return await streamResponse(c, streamOpener, {
        ...parseStreamInput(query, c.req.header("last-event-id")),
        principal,
        filters: [{ topic: chat.topicOf(record), tags: null }],
        pollUrl: null,
      });
    });
    return c.newResponse(response.body, response);
  });

  /** Replays the newest answer in the AI SDK's dialect, which takes 204 for nothing to resume. */
  async function replay(c: Context<AppEnv>, chatId: string): Promise<Response> {
    const caller = await authenticate(c);
    authorize(caller, chatId);
    const record = await chat.newest(caller.owner, chatId);
    if (record === null) return c.body(null, 204);
    return await join(c, caller, record, record.continued ? AI_SDK_REPLAY : AI_SDK);
  }

  /** Opens a stream of a run for a GET. */
  async function join(
    c: Context<AppEnv>,
    { principal }: ChatCaller,
    record: RunRecord,
    dialect: Dialect,
  ): Promise<Response> {
    if (c.req.method === "HEAD") {
      return c.body(null, 200, { ...EVENT_STREAM_HEADERS, ...dialect.headers });
    }
    return await withSlot(c, streamOpener, principal, async (onEnd) => {
      const response = stream(c, await chat.feedOf(record), dialect, onEnd);
      return c.newResponse(response.body, response);
    });
  }

  async function stop(c: Context<AppEnv>, id: string, runId?: string | null): Promise<Response> {
    const caller = await authenticate(c);
    authorize(caller, id);
    const record = await chat.newest(caller.owner, id);
    if (record === null) refuseUnknown(c, caller.principal);
    if (isNamed(record, runId)) await chat.stop(record);
    return c.json({ success: true as const }, 200);
  }

  const stopping = {
    tags: ["chat"],
    security: CHAT_SECURITY,
    request: { params: ChatParams },
    responses: {
      200: jsonContent("The answer ends `stopped` within a second, or has ended before", Stopped),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  };

  route(app, {
    method: "post",
    path: "/v1/chat/{id}/stop",
    summary: 'Stops the newest answer of a chat. The body may name it: `{ "activeStreamId": … }`',
    middleware: [limitBody(MAX_CHAT_BODY_BYTES)],
    ...stopping,
  }, async (c, { params: { id } }) => await stop(c, id, await readStoppedRun(c)));

  route(app, {
    method: "delete",
    path: "/v1/chat/{id}",
    summary: "Stops the newest answer of a chat",
    ...stopping,
  }, async (c, { params: { id } }) => await stop(c, id));

  return app;
}

/** Returns true if a request to stop means this run. One that names another run is late. */
function isNamed({ id, clientRunId }: RunRecord, runId: string | null | undefined): boolean {
  return !runId || runId === id || runId === clientRunId;
}

/** Reads the run that a request to stop names, if it has a body. @throws {Problem} 400 `bad_request`. */
async function readStoppedRun(c: Context<AppEnv>): Promise<string | null | undefined> {
  const text = await c.req.text();
  if (text === "") return undefined;
  try {
    return StopBody.parse(JSON.parse(text)).activeStreamId;
  } catch {
    throw new Problem(400, "bad_request", "The body cannot be parsed as JSON.");
  }
}
