/**
 * Refused requests: statuses and whole problems.
 *
 * @module
 */
import { play, PUBLISHER, type RequestOptions, type Scene, scene, STREAM, userOf } from "./app.ts";
import { assertGolden } from "./golden.ts";

const ANN = { headers: userOf("ann") };
const BOB = { headers: userOf("bob") };
const BY_PUBLISHER = { headers: PUBLISHER };
const JSON_TYPE = { "content-type": "application/json" };

const sent = (body: unknown, headers = {}) => ({ body, headers: { ...PUBLISHER, ...headers } });

/** Requests that are sent to every route of the API. */
const REFUSED: readonly (readonly [title: string, query: string, RequestOptions])[] = [
  ["without a token", "", {}],
  ["with another token", "", { headers: { authorization: "Bearer another-token-of-16" } }],
  ["with a token of another scheme", "", { headers: { authorization: "Basic YTpi" } }],
  ["with a token in its URL", "?access_token=x", BY_PUBLISHER],
  ["with an invalid ticket", "?ticket=x", {}],
  ["with an unknown parameter", "?unknown=1", BY_PUBLISHER],
  ["with bad parameters", "?max_rate=3&snapshot=yes&limit=0&symbols=DOGE&source=!", BY_PUBLISHER],
  ["with a body that is not JSON", "", sent("{", JSON_TYPE)],
  ["with a body of another shape", "", sent([])],
  ["with a body with unknown fields", "", sent({ unknown: 1 })],
  ["with a body of another content type", "", sent("{}", { "content-type": "text/plain" })],
  ["with a body that is too large", "", sent({ text: "x".repeat(500_000) })],
  ["with a bad idempotency key", "", sent({}, { "idempotency-key": "x".repeat(129) })],
];

const WITHOUT_BODY = ["GET", "HEAD"];

/** Sends one kind of request to every route of the API's document. */
async function requestAll(app: Scene, query: string, options: RequestOptions): Promise<void> {
  const { paths } = JSON.parse((await app.send("GET", "/openapi.json")).text);
  for (const path of Object.keys(paths).filter((path) => /^\/(v1|demo|metrics)/.test(path))) {
    for (const method of Object.keys(paths[path]).map((verb) => verb.toUpperCase())) {
      if (options.body !== undefined && WITHOUT_BODY.includes(method)) continue;
      const url = path.replaceAll(/{(\w+)}/g, (_, name) => name === "channel" ? "alerts" : "none");
      const isSlow = method === "GET" && /^\/v1\/(quotes|news)$/.test(path);
      await app.summarise(method, `${url}${query}`, { ...options, takesMs: isSlow ? 1000 : 0 });
    }
  }
}

Deno.test("every route refuses with the recorded problems", async () => {
  await assertGolden(
    "refusals_of_all_routes.txt",
    await play(
      REFUSED.map(([title, query, options]) => () =>
        scene(title, (app) => requestAll(app, query, options))
      ),
    ),
  );
});

const article = { title: "One", url: "https://stories.example/1", source: "desk" };
const MANY = Array.from({ length: 101 }, (_, n) => `s${n}`).join(",");

const BAD: readonly (readonly [method: string, path: string, options?: RequestOptions])[] = [
  ["GET", "/nothing"],
  ["GET", "/v1"],
  ["DELETE", "/health"],
  ["PUT", "/v1/quotes"],
  ["POST", "/v1/quotes/stream"],
  ["GET", "/v1/events/alerts"],
  ["GET", `/health?${"x".repeat(4096)}`],
  ["GET", "/page/page.css"],
  ["GET", "/?source=!"],
  ["GET", "/v1/quotes?symbols=DOGE,btc-usd,LUNA"],
  ["GET", `/v1/quotes?symbols=${MANY}`],
  ["GET", "/v1/quotes/stream?symbols=DOGE"],
  ["GET", "/v1/quotes/stream?max_rate=1&max_rate=2"],
  ["GET", "/v1/news?limit=201"],
  ["GET", "/v1/news?limit=many"],
  ["GET", `/v1/news/stream?source=${MANY}`],
  ["GET", "/v1/stream"],
  ["GET", "/v1/stream?topics="],
  ["GET", `/v1/stream?topics=${MANY}`],
  ["GET", "/v1/stream?topics=quotes,Quotes"],
  ["GET", "/v1/stream?topics=events/nothing"],
  ["GET", "/v1/stream?topics=__proto__"],
  ["GET", "/v1/stream?topics=quotes,events/secret"],
  ["GET", "/v1/stream?topics=events/secret", ANN],
  ["GET", "/v1/stream?topics=tasks", { headers: userOf("ann", { topics: ["tasks", "tasks/*"] }) }],
  ["GET", "/v1/stream?topics=operations/none", ANN],
  ["GET", "/v1/events/nothing/stream"],
  ["GET", "/v1/events/secret/stream"],
  ["GET", "/v1/events/secret/stream", { headers: STREAM }],
  ["GET", "/v1/events/secret/stream", ANN],
  ["GET", "/v1/events/secret/stream", { headers: userOf("ann", { exp: 1_699_999_999 }) }],
  ["GET", "/v1/events/secret/stream", { headers: userOf("", { topics: ["events/secret"] }) }],
  ["GET", "/v1/events/secret/stream?ticket=x", BY_PUBLISHER],
  ["GET", "/v1/events/secret/stream?ticket=x"],
  ...["access_token", "token", "auth_token", "id_token", "jwt"].map((name) =>
    ["GET", `/v1/events/secret/stream?${name}=x`] as const
  ),
  ["POST", "/v1/events/nothing", sent({ type: "note", data: 1 })],
  ["POST", "/v1/events/alerts", sent({ type: "unknown", data: 1 })],
  ["POST", "/v1/events/alerts", sent({ data: 1 })],
  ["POST", "/v1/events/alerts", sent({ type: "note" })],
  ["POST", "/v1/events/alerts", sent({ type: "note", data: "x".repeat(65_537) })],
  ["POST", "/v1/events/alerts", sent({ type: "note", data: 1 }, { "idempotency-key": "é" })],
  ["POST", "/v1/news", sent({ title: "<b></b>", url: "ftp://x", source: "a b", symbols: ["x"] })],
  ["POST", "/v1/news", sent({ ...article, more: 1, published_at: "yesterday" })],
  ["PATCH", "/v1/news/none", sent({})],
  ["PATCH", "/v1/news/none", sent({ title: "Two" })],
  ["DELETE", "/v1/news/none", BY_PUBLISHER],
  ["POST", "/v1/operations", sent({ kind: "", owner: "", ttl_s: 0, more: 1 })],
  ["PATCH", "/v1/operations/none", sent({ state: "expired", progress: 2, eta_s: -1 })],
  ["GET", "/v1/operations/none", ANN],
  ["GET", "/v1/operations/none/stream", ANN],
  ["DELETE", "/v1/operations/none", ANN],
  ["POST", "/v1/sessions", sent({ owner: 1 })],
  ["PATCH", "/v1/sessions/none", sent({ session_state: "Completed" })],
  ["PATCH", "/v1/sessions/none", sent({ session_state: "expired", progress: 2 })],
  ["GET", "/v1/sessions/none/events", ANN],
  ["POST", "/v1/sessions/none/process", ANN],
  ["GET", "/v1/tasks", ANN],
  ["GET", "/v1/tasks/none/status", ANN],
  ["POST", "/v1/tasks/none/claim", BY_PUBLISHER],
  ["PATCH", "/v1/tasks/none", sent({ claim: "x", state: "waiting" })],
  ["PATCH", "/v1/tasks/none", sent({ claim: "x", state: "completed" })],
  ["POST", "/v1/tickets", { body: { topics: ["events/secret"] } }],
  ["POST", "/v1/tickets", sent({ topics: [] })],
  ["POST", "/v1/tickets", sent({ topics: ["nothing"] })],
  ["POST", "/v1/tickets", { ...ANN, body: { topics: ["events/secret"] } }],
  [
    "POST",
    "/v1/tickets",
    sent({ topics: Array(32).fill(0).map((_, n) => `operations/${n}${"x".repeat(60)}`) }),
  ],
  ["POST", "/demo/operations/none/tickets"],
];

const NOT_SET = { DEMO: "0", PUBLISH_TOKEN: "", AUTH_SECRET: "" };

/** Creates a resource by a POST. @returns The field of the answer. */
async function createByPost(
  app: Scene,
  path: string,
  body: unknown,
  field = "id",
): Promise<string> {
  const answer = await app.send("POST", path, { headers: PUBLISHER, body });
  return app.name(answer.field(field), path);
}

Deno.test("bad requests are refused with the recorded problems", async () => {
  await assertGolden(
    "refusals.txt",
    await play([
      () =>
        scene("bad requests", async (app) => {
          for (const [method, path, asked] of BAD) await app.summarise(method, path, asked);
        }),
      () =>
        scene("conflicts of operations", async (app) => {
          const path = `/v1/operations/${await createByPost(app, "/v1/operations", {
            kind: "a",
            owner: "ann",
          })}`;
          await app.summarise("GET", path, BOB);
          await app.summarise("GET", `${path}/stream`, BOB);
          await app.summarise("GET", `/v1/stream?topics=${path.slice(4)}`, BOB);
          await app.summarise("PATCH", path, sent({ state: "running" }));
          await app.summarise("PATCH", path, sent({ state: "pending" }));
          await app.summarise("PATCH", path, sent({ message: "x".repeat(1001) }));
          await app.summarise("PATCH", path, sent({ result: "x".repeat(65_537) }));
          await app.summarise("PATCH", path, sent({ state: "completed" }));
          await app.summarise("PATCH", path, sent({ state: "failed" }));
          await app.summarise("DELETE", path, ANN);
        }),
      () =>
        scene("conflicts of sessions and tasks", async (app) => {
          const path = `/v1/sessions/${await createByPost(app, "/v1/sessions", { owner: "ann" })}`;
          await app.summarise("GET", `${path}/events`, BOB);
          await app.summarise("POST", `${path}/process`, BOB);
          const task = `/v1/tasks/${await createByPost(
            app,
            `${path}/process`,
            undefined,
            "task_id",
          )}`;
          await app.summarise("GET", `${task}/status`, BOB);
          await app.summarise("PATCH", task, sent({ claim: "none" }));
          const claimed = await app.send("POST", `${task}/claim`, BY_PUBLISHER);
          const claim = app.name(claimed.field("claim"), "claim");
          await app.summarise("POST", `${task}/claim`, BY_PUBLISHER);
          await app.summarise("PATCH", task, sent({ claim: "none" }));
          await app.summarise("PATCH", task, sent({ claim, state: "failed", error: 1 }));
          await app.summarise("PATCH", task, sent({ claim }));
          await app.summarise("POST", `${task}/claim`, BY_PUBLISHER);
          await app.summarise("PATCH", path, sent({ session_state: "completed" }));
          await app.summarise("PATCH", path, sent({ progress: 1 }));
          await app.summarise("POST", `${path}/process`, ANN);
        }),
      () =>
        scene("conflicts of news", async (app) => {
          const id = await createByPost(app, "/v1/news", article);
          await app.summarise("POST", "/v1/news", sent(article));
          await app.summarise("DELETE", `/v1/news/${id}`, BY_PUBLISHER);
          await app.summarise("DELETE", `/v1/news/${id}`, BY_PUBLISHER);
          await app.summarise("POST", "/v1/news", sent(article));
        }),
      () =>
        scene("repeated idempotency keys, with the same body and with another", async (app) => {
          const path = `/v1/sessions/${await createByPost(app, "/v1/sessions", {
            owner: "ann",
          })}/process`;
          for (
            const [method, url, first, second] of [
              ["POST", "/v1/events/alerts", { type: "note", data: 1 }, { type: "note", data: 2 }],
              ["POST", "/v1/news", article, { ...article, title: "Two" }],
              ["POST", "/v1/operations", { kind: "a", owner: "ann" }, { kind: "b", owner: "ann" }],
              ["POST", "/v1/sessions", { owner: "ann" }, { owner: "bob" }],
              ["POST", path, { a: 1 }, { a: 2 }],
            ] as const
          ) {
            const key = { "idempotency-key": "a key" };
            await app.summarise(method, url, sent(first, key));
            await app.summarise(method, url, sent(first, key));
            await app.summarise(method, url, sent(second, key));
          }
        }),
      () =>
        scene("tickets that are consumed, expired, or for another topic", async (app) => {
          const secret = "/v1/events/secret/stream?ticket=";
          const make = (topics: string[]) => createByPost(app, "/v1/tickets", { topics }, "ticket");
          const spent = await make(["events/secret"]);
          await app.summarise("GET", `${secret}${spent}`);
          await app.summarise("GET", `${secret}${spent}`);
          await app.summarise("GET", `${secret}${await make(["events/alerts"])}`);
          await app.summarise("GET", `/v1/operations/none?ticket=${await make(["events/secret"])}`);
          const late = await make(["events/secret"]);
          await app.pass(30_000);
          await app.summarise("GET", `${secret}${late}`);
        }),
      () =>
        scene("rate limits that are exhausted", async (app) => {
          const note = sent({ type: "note", data: 1 });
          await app.summarise("POST", "/v1/events/alerts", note);
          await app.summarise("POST", "/v1/events/alerts", note);
          await app.summarise("POST", "/v1/tickets", sent({ topics: ["events/alerts"] }));
          const asked = { ...ANN, body: { topics: ["events/alerts"] } };
          await app.summarise("POST", "/v1/tickets", asked);
          await app.summarise("POST", "/v1/tickets", asked);
          for (let n = 0; n < 60; n++) await app.send("GET", "/v1/operations/none", ANN);
          await app.summarise("GET", "/v1/operations/none", ANN);
          await app.summarise("GET", "/v1/stream?topics=operations/none", ANN);
          for (let n = 0; n < 30; n++) await app.send("POST", "/demo/operations");
          await app.summarise("POST", "/demo/operations");
        }, { env: { PUBLISH_PER_MINUTE: "1", OPENS_PER_MINUTE: "1" } }),
      () =>
        scene("a client's connection slots that are exhausted", async (app) => {
          await app.open("/v1/events/alerts/stream");
          await app.summarise("GET", "/v1/events/alerts/stream");
          await app.summarise("GET", "/v1/events/alerts/stream", { headers: STREAM });
          await app.summarise("HEAD", "/v1/events/alerts/stream");
        }, { env: { STREAMS_PER_CLIENT: "1" } }),
      () =>
        scene("an isolate that drains", async (app) => {
          await app.drain();
          await app.summarise("GET", "/health");
          await app.summarise("GET", "/ready");
          await app.summarise("GET", "/v1/events/alerts/stream");
        }),
      () =>
        scene("routes that are off while their settings are not set", async (app) => {
          await app.summarise("GET", "/metrics");
          await app.summarise("GET", "/v1/events/secret/stream", ANN);
          await app.summarise("POST", "/demo/operations");
          await app.summarise("POST", "/v1/tickets", {
            ...ANN,
            body: { topics: ["events/secret"] },
          });
          for (const path of ["events/alerts", "news", "operations", "sessions"]) {
            await app.summarise("POST", `/v1/${path}`, sent({}));
          }
          await app.summarise("GET", "/v1/tasks", BY_PUBLISHER);
        }, { env: NOT_SET, isDown: () => true }),
      () =>
        scene("the store is unavailable", async (app) => {
          const slow = { takesMs: 10_000 };
          await app.summarise("POST", "/v1/events/alerts", {
            ...sent({ type: "note", data: 1 }),
            ...slow,
          });
          await app.summarise("POST", "/v1/news", { ...sent(article), ...slow });
          await app.summarise("POST", "/v1/operations", {
            ...sent({ kind: "a", owner: "ann" }),
            ...slow,
          });
          await app.summarise("POST", "/v1/sessions", { ...sent({ owner: "ann" }), ...slow });
          await app.summarise("GET", "/v1/operations/none", { ...ANN, ...slow });
          await app.summarise("GET", "/v1/operations/none/stream", { ...ANN, ...slow });
          await app.summarise("GET", "/v1/tasks", { ...BY_PUBLISHER, ...slow });
          await app.summarise("POST", "/v1/tickets", {
            ...sent({ topics: ["events/alerts"] }),
            ...slow,
          });
          await app.summarise("GET", "/ready", slow);
        }, { hasStoreDown: true, isDown: () => true }),
    ]),
  );
});
