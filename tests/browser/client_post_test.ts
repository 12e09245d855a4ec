import { assert, assertEquals } from "@std/assert";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest } from "../support/programs.ts";
import { startStage } from "./client_page.ts";

/** The number of tokens of the answer. */
const TOKENS = 200;
/** The number of tokens before the connection is cut, inside the next one. */
const CUT_AFTER = 30;

const HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "content-type,idempotency-key",
  "access-control-expose-headers": "location",
};

function frame(type: string, data: unknown, id: number): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\nid: 1-${id}\n\n`;
}

/** Starts a server of one chat answer, whose connection is cut repeatedly or, if it is endless, stays open. */
async function startChat({ isEndless }: { readonly isEndless: boolean }) {
  const requests: string[] = [];
  const openResponses = new Set<ServerResponse>();

  function respond({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
    if (method === "OPTIONS") return void response.writeHead(204, HEADERS).end();
    requests.push(`${method} ${url}`);
    openResponses.add(response);
    response.on("close", () => openResponses.delete(response));
    const type = { "content-type": "text/event-stream" };
    response.writeHead(200, { ...HEADERS, ...type, location: "/v1/chat/7/stream" });
    const lastReceived = Number(/last_event_id=1-(\d+)/.exec(url)?.[1] ?? 0);
    response.write(frame("sync", { heartbeat_ms: 15_000 }, lastReceived));
    const last = Math.min(lastReceived + CUT_AFTER, TOKENS);
    for (let id = lastReceived + 1; id <= last; id++) {
      response.write(frame("token", { text: id }, id));
    }
    if (isEndless) return;
    if (last === TOKENS) return void response.end(frame("done", {}, TOKENS + 1));
    response.write(
      frame("token", { text: last + 1 }, last + 1).slice(0, 30),
      () => response.destroy(),
    );
  }

  const server = createServer(respond);
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port");
  return {
    url: `http://127.0.0.1:${address.port}/v1/chat`,
    /** The methods and paths of the requests. */
    requests,
    openResponses,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Creates the page's script, which sends the POST and records the events. */
function createScript(modules: string, url: string): string {
  return `(async () => {
    const { browserWorld } = await import("${modules}/client.js");
    const { stream } = await import("${modules}/client/post.js");
    const abort = new AbortController();
    globalThis.chat = { abort, texts: [], batches: 0, end: "" };
    function onEvents(events) {
      chat.batches++;
      chat.texts.push(...events.flatMap(({ type, data }) => type === "token" ? [data.text] : []));
    }
    // Without delays: the server of this test is never down for long.
    stream("${url}", { body: {}, onEvents, signal: abort.signal }, { ...browserWorld(), random: () => 0 })
      .then(({ type }) => chat.end = type, (error) => chat.end = error.name);
  })()`;
}

browserTest("stream() delivers the whole answer of a POST that is cut repeatedly", async () => {
  await using server = await startServer();
  await using chat = await startChat({ isEndless: false });
  await using stage = await startStage();
  const page = await stage.context.newPage();
  await page.goto(`${stage.origin}/blank`);
  await page.evaluate(createScript(server.origin, chat.url));
  await page.waitForFunction("chat.end");

  assertEquals(await page.evaluate("chat.end"), "done");
  assertEquals(
    await page.evaluate("chat.texts"),
    Array.from({ length: TOKENS }, (_, index) => index + 1),
  );
  assertEquals(chat.requests.filter((request) => request.startsWith("POST")).length, 1);
  assert(chat.requests.length >= TOKENS / CUT_AFTER);
  assertEquals(stage.complaints(), []);
});

browserTest(
  "stream() that is aborted keeps the received events and closes the connection",
  async () => {
    await using server = await startServer();
    await using chat = await startChat({ isEndless: true });
    await using stage = await startStage();
    const page = await stage.context.newPage();
    await page.goto(`${stage.origin}/blank`);
    await page.evaluate(createScript(server.origin, chat.url));
    await page.waitForFunction(`chat.texts.length === ${CUT_AFTER}`);
    await page.evaluate("chat.abort.abort()");
    await page.waitForFunction("chat.end");

    assertEquals(await page.evaluate("chat.end"), "AbortError");
    assertEquals(await page.evaluate("chat.texts.length"), CUT_AFTER);
    await until("the hang-up", () => chat.openResponses.size === 0 || undefined);
    assertEquals(stage.complaints(), []);
  },
);
