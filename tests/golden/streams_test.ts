/**
 * Frames of every kind of stream.
 *
 * @module
 */
import { play, PUBLISHER, type Scene, scene, STREAM, userOf } from "./app.ts";
import { assertGolden } from "./golden.ts";

const ANN = userOf("ann");
const ALERTS = "/v1/events/alerts/stream";
const SECRET = "/v1/events/secret/stream";

/** Cursors that are not honoured. */
const LOST_CURSORS = [
  ["from before the log", "1-1"],
  ["ahead of the log", "1900000000000-1"],
  ["not an id", "nonsense"],
] as const;

/** Polls the quotes until all simulated providers have answered. @returns The cursor. */
async function warmQuotes(app: Scene): Promise<string> {
  const answer = await app.send("GET", "/v1/quotes", { takesMs: 1000 });
  return answer.field("cursor");
}

Deno.test("streams of quotes send the recorded frames", async () => {
  const BTC = "/v1/quotes/stream?symbols=BTC-USD";
  await assertGolden(
    "streams_quotes.txt",
    await play([
      () =>
        scene("quotes without a cursor: all symbols", async (app) => {
          await warmQuotes(app);
          const stream = await app.open("/v1/quotes/stream");
          await stream.show();
        }),
      () =>
        scene("quotes without a cursor, before any provider has answered", async (app) => {
          const stream = await app.open("/v1/quotes/stream?symbols=btc-usd,XAU-USD,SPX");
          await stream.show();
          app.note("after 1 s");
          await app.pass(1000);
          await stream.show();
        }),
      () =>
        scene("quotes without a cursor: live, with heartbeats", async (app) => {
          await warmQuotes(app);
          const stream = await app.open(BTC);
          await stream.show();
          app.note("after 8 s");
          await app.pass(8000);
          await stream.show();
        }, { env: { HEARTBEAT_MS: "3000" } }),
      () =>
        scene("quotes with a cursor that is honoured", async (app) => {
          const cursor = await warmQuotes(app);
          const stream = await app.open(`${BTC}&last_event_id=${cursor}`);
          await stream.show();
          await app.pass(11_000);
          const late = await app.open(`${BTC},XAU-USD&last_event_id=${cursor}`);
          await late.show();
          app.note("with a snapshot");
          const again = await app.open(`${BTC}&snapshot=1`, { "last-event-id": cursor });
          await again.show();
        }),
      ...LOST_CURSORS.map(([why, cursor]) => () =>
        scene(`quotes with a cursor that is not honoured: ${why}`, async (app) => {
          await warmQuotes(app);
          const stream = await app.open(BTC, { "last-event-id": cursor });
          await stream.show();
        })
      ),
      () =>
        scene("quotes with max_rate", async (app) => {
          await warmQuotes(app);
          const stream = await app.open(`${BTC}&max_rate=0.1`);
          await app.pass(21_000);
          await stream.show();
        }),
      () => {
        let isDown = false;
        return scene(
          "quotes of providers that fail: status, and quotes gone stale",
          async (app) => {
            await warmQuotes(app);
            const stream = await app.open(BTC);
            isDown = true;
            await app.pass(60_000);
            await stream.show();
            app.note("they answer again, after 120 s");
            isDown = false;
            await app.pass(120_000);
            await stream.show();
          },
          { isDown: () => isDown, env: { QUOTE_POLL_MS: "20000", HEARTBEAT_MS: "600000" } },
        );
      },
      () =>
        scene("quotes while the store is unavailable", async (app) => {
          const stream = await app.open(BTC, {}, { takesMs: 10_000 });
          await stream.show();
          app.note("after 20 s");
          await app.pass(20_000);
          await stream.show();
        }, { hasStoreDown: true, env: { QUOTE_POLL_MS: "10000" } }),
    ]),
  );
});

Deno.test("streams of news send the recorded frames", async () => {
  const isDown = () => true;
  const article = (n: number, source = "desk") => ({
    title: `Story ${n}`,
    url: `https://stories.example/${n}`,
    source,
    summary: `What happened, part ${n}.`,
    symbols: ["XAU-USD"],
    published_at: "2023-11-14T22:00:00Z",
  });
  const post = (app: Scene, n: number, source?: string) =>
    app.send("POST", "/v1/news", { headers: PUBLISHER, body: article(n, source) });
  await assertGolden(
    "streams_news.txt",
    await play([
      () =>
        scene("news of publishers: posted, corrected, retracted", async (app) => {
          await post(app, 1);
          const stream = await app.open("/v1/news/stream");
          await stream.show();
          app.note("posted");
          const id = (await post(app, 2)).field("id");
          await app.pass(100);
          await stream.show();
          app.note("corrected");
          await app.send("PATCH", `/v1/news/${id}`, {
            headers: PUBLISHER,
            body: { title: "Story two", symbols: [] },
          });
          await app.pass(100);
          await stream.show();
          app.note("retracted");
          await app.send("DELETE", `/v1/news/${id}`, { headers: PUBLISHER });
          await app.pass(100);
          await stream.show();
          app.note("a heartbeat");
          await app.pass(15_100);
          await stream.show();
        }, { isDown }),
      () =>
        scene("news of a source", async (app) => {
          const stream = await app.open("/v1/news/stream?source=DESK,desk");
          await post(app, 1, "other");
          await post(app, 2, "Desk");
          await app.pass(16_000);
          await stream.show();
        }, { isDown }),
      () =>
        scene("news with cursors", async (app) => {
          const first = await app.open("/v1/news/stream");
          const { cursor } = first;
          const id = (await post(app, 1)).field("id");
          await post(app, 2);
          await app.pass(100);
          await app.send("DELETE", `/v1/news/${id}`, { headers: PUBLISHER });
          await app.pass(100);
          for (const each of [cursor, first.cursor, ...LOST_CURSORS.map(([_, lost]) => lost)]) {
            const stream = await app.open("/v1/news/stream", { "last-event-id": each });
            await stream.show();
          }
          const again = await app.open(`/v1/news/stream?snapshot=1&lastEventId=${cursor}`);
          await again.show();
        }, { isDown }),
      () =>
        scene("news of the simulated feeds", async (app) => {
          await app.send("GET", "/v1/news", { takesMs: 3000 });
          const stream = await app.open("/v1/news/stream");
          await app.pass(60_000);
          await stream.show();
        }, { env: { HEARTBEAT_MS: "600000" } }),
    ]),
  );
});

Deno.test("streams of channels send the recorded frames", async () => {
  await assertGolden(
    "streams_events.txt",
    await play([
      () =>
        scene("events of a public channel: live, with a heartbeat", async (app) => {
          await app.publish("alerts", "before");
          const stream = await app.open(ALERTS);
          await stream.show();
          await app.publish("alerts", { text: "two\nlines\u2028", price: "1.50" }, "price_alert");
          await app.publish("alerts", null);
          await app.pass(15_100);
          await stream.show();
        }, { env: { RETRY_MS: "1234" } }),
      () =>
        scene("events of a public channel: cursors", async (app) => {
          const first = await app.open(ALERTS);
          const { cursor } = first;
          await app.publish("alerts", 1);
          await app.publish("alerts", 2);
          const last = await app.publish("alerts", 3);
          for (const query of [`last_event_id=${cursor}`, `lastEventId=${cursor}`]) {
            const stream = await app.open(`${ALERTS}?${query}`);
            await stream.show();
          }
          for (
            const [id, query] of [[last, cursor], ["", cursor], [cursor, ""], ["", ""]] as const
          ) {
            const stream = await app.open(`${ALERTS}?last_event_id=${query}`, {
              "last-event-id": id,
            });
            await stream.show();
          }
          const again = await app.open(`${ALERTS}?snapshot=1&last_event_id=${cursor}`);
          await again.show();
        }),
      ...LOST_CURSORS.map(([why, cursor]) => () =>
        scene(`events with a cursor that is not honoured: ${why}`, async (app) => {
          const empty = await app.open(ALERTS, { "last-event-id": cursor });
          await empty.show();
          await app.publish("alerts", 1);
          await app.publish("alerts", 2);
          await app.pass(100);
          const stream = await app.open(ALERTS, { "last-event-id": cursor });
          await stream.show();
          await app.publish("alerts", 3);
          await app.pass(100);
          await stream.show();
          await empty.show();
        })
      ),
      () =>
        scene("events beyond the number that is retained: a gap", async (app) => {
          const first = await app.open(ALERTS);
          const { cursor } = first;
          for (let n = 1; n <= 6; n++) await app.publish("alerts", n);
          const stream = await app.open(ALERTS, { "last-event-id": cursor });
          await stream.show();
          const again = await app.open(ALERTS, { "last-event-id": stream.cursor });
          await again.show();
        }, { env: { LOG_RETAIN_EVENTS: "3" } }),
      () =>
        scene(
          "events beyond the time that is retained: a gap without a retained event",
          async (app) => {
            const first = await app.open("/v1/news/stream");
            const { cursor } = first;
            await app.publish("alerts", 1);
            await app.pass(70_000);
            await app.publish("secret", 1);
            const stream = await app.open(ALERTS, { "last-event-id": cursor });
            await stream.show();
          },
          { env: { LOG_RETAIN_MS: "60000" }, isDown: () => true },
        ),
      () =>
        scene(
          "events with max_rate, in order, with heartbeats before pending events",
          async (app) => {
            const stream = await app.open(`${ALERTS}?max_rate=0.1`);
            await stream.show();
            for (let n = 1; n <= 3; n++) await app.publish("alerts", n);
            await app.pass(1000);
            await stream.show();
            app.note("after 8 s more");
            await app.pass(8000);
            await stream.show();
            app.note("after 3 s more");
            await app.pass(3000);
            await stream.show();
          },
          { env: { HEARTBEAT_MS: "5000" } },
        ),
      () =>
        scene("events of a private channel: a user, a publisher, a ticket", async (app) => {
          const ann = userOf("ann", { topics: ["events/secret"] });
          const streams = [await app.open(SECRET, ann), await app.open(SECRET, PUBLISHER)];
          const made = await app.send("POST", "/v1/tickets", {
            headers: ann,
            body: { topics: ["events/secret"] },
          });
          const ticket = app.name(made.field("ticket"), "ticket");
          streams.push(await app.open(`${SECRET}?ticket=${ticket}`));
          await app.publish("secret", "hush");
          await app.pass(100);
          for (const stream of streams) await stream.show();
        }),
      () =>
        scene("HEAD of a stream", async (app) => {
          await app.request("HEAD", ALERTS, { headers: STREAM });
          await app.request("HEAD", SECRET, { headers: STREAM });
        }),
    ]),
  );
});

/** Creates a resource. @returns Its path. */
async function createResource(app: Scene, what: "operations" | "sessions"): Promise<string> {
  const body = what === "operations" ? { kind: "export", owner: "ann" } : { owner: "ann" };
  const answer = await app.send("POST", `/v1/${what}`, { headers: PUBLISHER, body });
  return `/v1/${what}/${app.name(answer.field("id"), what)}`;
}

const patch = (app: Scene, path: string, body: unknown) =>
  app.send("PATCH", path, { headers: PUBLISHER, body });

/** Opens the stream of an ended resource, with several cursors. */
async function openAfterEnd(
  app: Scene,
  path: string,
  before: string,
  after: string,
): Promise<void> {
  app.note("it has ended: without a cursor, before its end, at its end, not honoured");
  for (
    const query of ["", `?last_event_id=${before}`, `?last_event_id=${after}`, "?last_event_id=1-1"]
  ) {
    const stream = await app.open(`${path}/stream${query}`, ANN);
    await stream.show();
  }
  app.note("with a snapshot, at its end");
  const stream = await app.open(`${path}/stream?snapshot=1&last_event_id=${after}`, ANN);
  await stream.show();
}

Deno.test("streams of operations send the recorded frames", async () => {
  await assertGolden(
    "streams_operations.txt",
    await play([
      () =>
        scene("an operation that completes", async (app) => {
          const path = await createResource(app, "operations");
          const stream = await app.open(`${path}/stream`, ANN);
          await stream.show();
          const before = stream.cursor;
          app.note("running");
          await app.pass(1000);
          await patch(app, path, { state: "running", progress: 0.5, message: "half", eta_s: 2 });
          await app.pass(100);
          await stream.show();
          app.note("a cursor that is honoured, one that is not, a snapshot");
          for (
            const query of [
              `last_event_id=${before}`,
              "last_event_id=1-1",
              `snapshot=1&last_event_id=${before}`,
            ]
          ) {
            const again = await app.open(`${path}/stream?${query}`, PUBLISHER);
            await again.show();
          }
          app.note("a heartbeat");
          await app.pass(15_000);
          await stream.show();
          app.note("completed");
          await patch(app, path, {
            state: "completed",
            result: { url: "https://files.example/1" },
          });
          await app.pass(100);
          await stream.show();
          const after = stream.cursor;
          await openAfterEnd(app, path, before, after);
        }),
      () =>
        scene("an operation that is cancelled", async (app) => {
          const path = await createResource(app, "operations");
          const stream = await app.open(`${path}/stream`, ANN);
          await app.send("DELETE", path, { headers: ANN });
          await app.pass(100);
          await stream.show();
        }),
      () =>
        scene("an operation that fails", async (app) => {
          const path = await createResource(app, "operations");
          const stream = await app.open(`${path}/stream`, ANN);
          await patch(app, path, { state: "failed", error: { code: "disk" } });
          await app.pass(100);
          await stream.show();
        }),
      () =>
        scene("an operation that stalls and expires", async (app) => {
          const path = await createResource(app, "operations");
          const stream = await app.open(`${path}/stream`, ANN);
          await patch(app, path, { state: "running" });
          await app.pass(301_000);
          await stream.show();
        }, { env: { HEARTBEAT_MS: "120000" } }),
      () =>
        scene("an operation of the demo", async (app) => {
          const { text } = await app.send("POST", "/demo/operations");
          const id = app.name(String(JSON.parse(text).id), "operation");
          const made = await app.send("POST", `/demo/operations/${id}/tickets`);
          const ticket = app.name(made.field("ticket"), "ticket");
          const stream = await app.open(`/v1/operations/${id}/stream?ticket=${ticket}`);
          await app.pass(60_000);
          await stream.show();
        }),
    ]),
  );
});

Deno.test("streams of sessions send the recorded frames", async () => {
  await assertGolden(
    "streams_sessions.txt",
    await play([
      () =>
        scene("a session that completes", async (app) => {
          const path = await createResource(app, "sessions");
          const stream = await app.open(`${path}/stream`, ANN);
          const same = await app.open(`${path}/events`, ANN);
          await stream.show();
          await same.show();
          const before = stream.cursor;
          app.note("collecting");
          await app.pass(1000);
          await patch(app, path, { session_state: "collecting", progress: 0.25, data: { n: 1 } });
          await app.pass(100);
          await stream.show();
          app.note("a cursor that is honoured, one that is not");
          for (const cursor of [before, "1-1"]) {
            const again = await app.open(`${path}/stream?last_event_id=${cursor}`, PUBLISHER);
            await again.show();
          }
          app.note("completed");
          await patch(app, path, { session_state: "completed" });
          await app.pass(100);
          await stream.show();
          const after = stream.cursor;
          await openAfterEnd(app, path, before, after);
        }),
      ...["failed", "cancelled"].map((session_state) => () =>
        scene(`a session that ends ${session_state}`, async (app) => {
          const path = await createResource(app, "sessions");
          const stream = await app.open(`${path}/stream`, ANN);
          await patch(app, path, { session_state });
          await app.pass(100);
          await stream.show();
        })
      ),
      () =>
        scene("a session that expires", async (app) => {
          const path = await createResource(app, "sessions");
          const stream = await app.open(`${path}/stream`, ANN);
          await app.pass(301_000);
          await stream.show();
        }, { env: { HEARTBEAT_MS: "120000" } }),
    ]),
  );
});

Deno.test("streams of tasks send the recorded frames", async () => {
  const path = "/v1/stream?topics=tasks";
  await assertGolden(
    "streams_tasks.txt",
    await play([
      () =>
        scene("a task that is claimed, worked on and completed", async (app) => {
          const session = await createResource(app, "sessions");
          const stream = await app.open(path, PUBLISHER);
          await stream.show();
          const { cursor } = stream;
          app.note("handed over");
          const begun = await app.send("POST", `${session}/process`, { headers: ANN });
          const task = app.name(begun.field("task_id"), "task");
          await app.pass(100);
          await stream.show();
          app.note("claimed");
          const claimed = await app.send("POST", `/v1/tasks/${task}/claim`, {
            headers: PUBLISHER,
          });
          const claim = app.name(claimed.field("claim"), "claim");
          await app.pass(100);
          await stream.show();
          app.note("running, and completed");
          await patch(app, `/v1/tasks/${task}`, { claim, state: "running", progress: 0.5 });
          await app.pass(100);
          await patch(app, `/v1/tasks/${task}`, { claim, state: "completed", result: { rows: 3 } });
          await app.pass(100);
          await stream.show();
          app.note("cursors");
          for (const each of [cursor, "1-1"]) {
            const again = await app.open(path, { ...PUBLISHER, "last-event-id": each });
            await again.show();
          }
        }),
      () =>
        scene("a task whose claims expire until it fails", async (app) => {
          const session = await createResource(app, "sessions");
          const begun = await app.send("POST", `${session}/process`, { headers: ANN });
          const task = app.name(begun.field("task_id"), "task");
          const stream = await app.open(path, PUBLISHER);
          for (let n = 0; n < 3; n++) {
            await app.send("POST", `/v1/tasks/${task}/claim`, { headers: PUBLISHER });
            await app.pass(31_000);
          }
          await stream.show();
        }, { env: { HEARTBEAT_MS: "120000" } }),
    ]),
  );
});

Deno.test("streams of several topics send the recorded frames", async () => {
  await assertGolden(
    "streams_several.txt",
    await play([
      () =>
        scene("several topics on one connection", async (app) => {
          const cursor = await warmQuotes(app);
          const operation = await createResource(app, "operations");
          const path = `/v1/stream?topics=quotes,news,events/alerts,quotes,${
            operation.slice(4)
          }&symbols=BTC-USD&source=desk`;
          const stream = await app.open(path, ANN);
          await stream.show();
          app.note("live");
          await app.publish("alerts", 1);
          await patch(app, operation, { state: "completed" });
          await app.send("POST", "/v1/news", {
            headers: PUBLISHER,
            body: { title: "One", url: "https://stories.example/1", source: "desk" },
          });
          await app.pass(6000);
          await stream.show();
          app.note("with a cursor that is honoured, with a snapshot too, not honoured");
          for (
            const query of [
              `last_event_id=${cursor}`,
              `snapshot=1&last_event_id=${cursor}`,
              "last_event_id=1-1",
            ]
          ) {
            const again = await app.open(`${path}&${query}`, ANN);
            await again.show();
          }
        }, { isDown: (host) => !host.includes("coinbase") }),
      () =>
        scene("topics that have ended, or are gone", async (app) => {
          const operation = (await createResource(app, "operations")).slice(4);
          const first = await app.open(`/v1/stream?topics=${operation}`, ANN);
          const before = first.cursor;
          await patch(app, `/v1/${operation}`, { state: "completed" });
          await app.pass(100);
          await first.show();
          const after = await app.publish("alerts", 1);
          for (
            const [topics, cursor] of [
              [operation, before],
              [operation, after],
              ["operations/none", after],
              [`operations/none,${operation},events/alerts`, before],
              ["operations/none,sessions/none,events/alerts", after],
            ]
          ) {
            const stream = await app.open(
              `/v1/stream?topics=${topics}&last_event_id=${cursor}`,
              ANN,
            );
            await stream.show();
          }
          app.note("after its retention");
          await app.pass(86_500_000);
          const gone = await app.open(
            `/v1/stream?topics=${operation}&last_event_id=${after}`,
            PUBLISHER,
          );
          await gone.show();
        }, { env: { HEARTBEAT_MS: "600000", STREAM_MAX_AGE_MS: "60000" } }),
    ]),
  );
});

Deno.test("ends and refusals of streams have the recorded frames", async () => {
  await assertGolden(
    "streams_ends.txt",
    await play([
      () =>
        scene("bye: drain, and busy afterwards", async (app) => {
          const stream = await app.open(ALERTS);
          await app.drain();
          await stream.show();
          const late = await app.open(ALERTS);
          await late.show();
        }),
      () =>
        scene("bye: max_age", async (app) => {
          const stream = await app.open(ALERTS);
          await app.pass(11_000);
          await stream.show();
        }, { env: { STREAM_MAX_AGE_MS: "10000" } }),
      () =>
        scene("auth, and bye: revoked", async (app) => {
          const ends = { exp: 1_700_000_090, topics: ["events/secret"] };
          const stream = await app.open(SECRET, userOf("ann", ends));
          const open = await app.open(ALERTS, userOf("ann", ends));
          await app.pass(31_000);
          await stream.show();
          app.note("after 60 s more");
          await app.pass(60_000);
          await stream.show();
          app.note("a public topic has no rights that expire");
          await open.show();
        }, { env: { HEARTBEAT_MS: "600000" } }),
      () =>
        scene("bye: slow, for a client that was blocked for too long", async (app) => {
          const stream = await app.open(ALERTS, {}, { isBlocked: true });
          for (let n = 0; n < 8; n++) await app.publish("alerts", "x".repeat(60_000));
          await app.pass(120_000);
          await stream.show();
        }),
      () =>
        scene("a client that was blocked while events were published", async (app) => {
          const stream = await app.open(ALERTS, {}, { isBlocked: true });
          for (let n = 0; n < 40; n++) {
            await app.publish("alerts", { n, text: "x".repeat(60_000) });
            await app.pass(100);
          }
          await stream.show();
        }, { env: { LOG_RETAIN_EVENTS: "2" } }),
      () =>
        scene("busy: client, by address and by user", async (app) => {
          await app.open(ALERTS);
          for (
            const path of [
              ALERTS,
              "/v1/quotes/stream?symbols=XAU-USD,BTC-USD",
              "/v1/news/stream?source=b,a",
              "/v1/stream?topics=news",
            ]
          ) {
            const stream = await app.open(path);
            await stream.show();
          }
          const session = await createResource(app, "sessions");
          await app.open(`${session}/stream`, ANN);
          const second = await app.open(`${session}/stream`, ANN);
          await second.show();
        }, { env: { STREAMS_PER_CLIENT: "1" } }),
      () =>
        scene("busy: isolate", async (app) => {
          await app.open(ALERTS);
          const stream = await app.open(ALERTS);
          await stream.show();
          await app.request("GET", ALERTS);
          await app.request("GET", ALERTS, { headers: { accept: "*/*" } });
        }, { env: { STREAMS_PER_ISOLATE: "1" } }),
      () =>
        scene("busy: rate", async (app) => {
          await app.open(ALERTS);
          const stream = await app.open(ALERTS);
          await stream.show();
          await app.request("GET", ALERTS);
        }, { env: { OPENS_PER_MINUTE: "1" } }),
      () =>
        scene("busy: the store is unavailable, and rights cannot be checked", async (app) => {
          const path = "/v1/operations/none/stream";
          const stream = await app.open(path, ANN, { takesMs: 10_000 });
          await stream.show();
        }, { hasStoreDown: true }),
      () =>
        scene("a channel while the store is unavailable", async (app) => {
          const stream = await app.open(ALERTS, {}, { takesMs: 10_000 });
          const cursor = { "last-event-id": "1700000000000-1" };
          const late = await app.open(ALERTS, cursor, { takesMs: 10_000 });
          await app.pass(20_000);
          await stream.show();
          await late.show();
        }, { hasStoreDown: true }),
    ]),
  );
});
