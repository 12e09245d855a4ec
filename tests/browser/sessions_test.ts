/** A front end on another origin, with the guide's clients and a user's cookie. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Page } from "playwright-core";
import { OF_PUBLISHER, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { blocksOf } from "../support/guides.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";
import { beginSession, changeSession } from "../support/sessions.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";

/** Starts an operator's site, whose page sets its user's token as a cookie. */
function startSite() {
  const token = signToken({ sub: "ann", exp: 9_999_999_999 });
  const headers = {
    "content-type": "text/html",
    "set-cookie": `edgetape=${token}; Path=/; HttpOnly; Secure; SameSite=Lax`,
  };
  const site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response("<!doctype html><link rel=icon href=data:,><title>site</title>", {
      headers,
    });
  });
  return {
    origin: `http://127.0.0.1:${site.addr.port}`,
    [Symbol.asyncDispose]: () => site.shutdown(),
  };
}

/** Starts the API for the pages of one site. Streams end after a second, so that clients reconnect. */
async function startApi(siteOrigin: string): Promise<ServerProcess> {
  return await startServer({
    ...PUBLISHER_SETTINGS,
    AUTH_SECRET,
    ALLOWED_ORIGINS: siteOrigin,
    HEARTBEAT_MS: "200",
    RETRY_MS: "100",
    STREAM_MAX_AGE_MS: "1000",
  });
}

/** Opens the site's page with the guide's clients, which record their calls in `received`. */
async function openSite(page: Page, site: string, api: ServerProcess): Promise<void> {
  await page.goto(site);
  const [, ...clients] = await blocksOf("sessions", "js");
  await page.addScriptTag({
    content: `
      const api = ${JSON.stringify(api.origin)};
      ${clients.join("\n")}
      const received = [];
      const handlers = {
        updateProgress: ({ session_state, progress }) => received.push(session_state + " " + progress),
        handleComplete: () => received.push("complete"),
        handleFailure: (reason) => received.push("failure " + reason),
      };
    `,
  });
}

/** Creates Ann's session, and opens a page of a listed or an unlisted site. */
async function openScene(isListed = true) {
  await using stack = new AsyncDisposableStack();
  const site = stack.use(startSite());
  const other = stack.use(startSite());
  const api = stack.use(await startApi(site.origin));
  const { page, complaints } = stack.use(await openTab());
  const path = await beginSession(api.origin);
  await openSite(page, isListed ? site.origin : other.origin, api);
  const resources = stack.move();
  return {
    api,
    page,
    complaints,
    path,
    id: path.slice("/v1/sessions/".length),
    change: (body: unknown) => changeSession(api.origin, path, body),
    /** Waits until the page has recorded `last`, and returns its record. */
    async received(last: string): Promise<string[]> {
      const read = () => page.evaluate<string[]>("received");
      await until(last, async () => (await read()).includes(last) || undefined);
      return await read();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

browserTest(
  "a page of a listed origin follows its user's session with the guide's client, by cookie, and reconnects (S0-6, S0-10, S0-27)",
  async () => {
    await using scene = await openScene();
    const { page, id, received, change } = scene;
    let opened = 0;
    page.on("request", (request) => void (opened += Number(request.url().endsWith("/stream"))));
    await page.evaluate(`globalThis.stream = followSession("${id}", handlers)`);
    await received("started 0");
    await change({ session_state: "asking", progress: 0.5 });
    await received("asking 0.5");
    await until("its reconnect", () => Promise.resolve(opened > 2 || undefined));
    await change({ session_state: "completed" });
    assertEquals(await received("complete"), ["started 0", "asking 0.5", "complete"]);
    assertEquals(await page.evaluate("stream.readyState"), 2, "closed for good");
    assertEquals(scene.complaints, []);
  },
);

browserTest(
  "a page of a listed origin learns that a session failed, and that another does not exist (S0-15)",
  async () => {
    await using scene = await openScene();
    const { page, id, received, change } = scene;
    await page.evaluate(`void followSession("${id}", handlers)`);
    await received("started 0");
    await change({ session_state: "failed" });
    await received("failure failed");
    await page.evaluate(`void followSession("nothing", handlers)`);
    await received("failure gone");
  },
);

browserTest(
  "a page of a listed origin polls with the guide's client, by cookie (S0-6, S0-9, S0-27)",
  async () => {
    await using scene = await openScene();
    const { page, id, received, change } = scene;
    await change({ session_state: "completed" });
    await page.evaluate(`void pollStatus("${id}", handlers)`);
    assertEquals(await received("complete"), ["completed 1", "complete"]);
    await page.evaluate(`void pollStatus("nothing", handlers)`);
    await received("failure gone");
  },
);

browserTest(
  "a page of a listed origin may send Last-Event-ID: its preflight succeeds (S0-6)",
  async () => {
    await using scene = await openScene();
    const { page, api, path } = scene;
    const methods: string[] = [];
    const network = await page.context().newCDPSession(page);
    network.on("Network.requestWillBeSent", ({ request }) => methods.push(request.method));
    await network.send("Network.enable");
    const first = await page.evaluate<string>(`(async () => {
      const headers = { accept: "text/event-stream", "last-event-id": "1-1" };
      const url = ${JSON.stringify(`${api.origin}${path}/events`)};
      const response = await fetch(url, { headers, credentials: "include" });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return response.status + " " + value;
    })()`);
    assert(first.startsWith("200 ") && first.includes("event: sync"), first);
    assert(methods.includes("OPTIONS"), methods.join(" "));
  },
);

browserTest("a page of another origin is refused despite its cookie (S0-6)", async () => {
  await using scene = await openScene(false);
  const { page, api, path, received } = scene;
  const url = JSON.stringify(`${api.origin}${path}/events`);
  await assertRejects(() => page.evaluate(`fetch(${url}, { credentials: "include" })`));
  await page.evaluate(`{
    const stream = new EventSource(${url}, { withCredentials: true });
    stream.onerror = () => received.push("refused");
  }`);
  await received("refused");
  const metrics = await (await fetch(`${api.origin}/metrics`, { headers: OF_PUBLISHER })).text();
  const opened = /^edgetape_streams_opened_total\{topic="sessions".*\} (\d+)$/m.exec(metrics);
  assertEquals(opened?.[1], "0");
});
