import { assert, assertEquals, assertFalse } from "@std/assert";
import { fetchText } from "../../lib/upstream/request.ts";
import { createNetwork, endless, failureOf, json } from "./support.ts";

const URL_OF_BTC = "https://api.example.com/btc?key=secret";
const options = { title: "Example" };

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

Deno.test("fetchText() aborts a slow body at the deadline", async () => {
  const { state, response } = endless(["[", "1,", "2,"]);
  const { runtime, clock } = createNetwork(() => response);
  const failure = failureOf(fetchText(runtime, options, URL_OF_BTC));
  await clock.advance(7999);
  assertFalse(state.isCancelled);
  await clock.advance(1);
  assertEquals((await failure).kind, "timeout");
  assertEquals((await failure).message, "Example did not answer within 8 s");
  assert(state.isCancelled);
  assertEquals(clock.timers, 0);
});

Deno.test("fetchText() does not wait for a fetch that ignores its signal, and cancels its late answer", async () => {
  const late = Promise.withResolvers<Response>();
  const { runtime, clock } = createNetwork(() => late.promise);
  const failure = failureOf(fetchText(runtime, { ...options, timeoutMs: 50 }, URL_OF_BTC));
  await clock.advance(50);
  assertEquals((await failure).kind, "timeout");

  const { state, response } = endless([]);
  late.resolve(response);
  await clock.advance(0);
  assert(state.isCancelled);
});

Deno.test("fetchText() leaves no timer behind", async () => {
  const { runtime, clock } = createNetwork(() => json([1]));
  assertEquals(await fetchText(runtime, options, URL_OF_BTC), "[1]");
  assertEquals(clock.timers, 0);
});

Deno.test("fetchText() accepts maxBytes, and not one byte more", async () => {
  const { state, response } = endless(["12345", "6"]);
  const answers = [json(12345), response];
  const { runtime } = createNetwork(() => answers.shift() ?? json(null));
  assertEquals(await fetchText(runtime, { ...options, maxBytes: 5 }, URL_OF_BTC), "12345");
  const failure = await failureOf(fetchText(runtime, { ...options, maxBytes: 5 }, URL_OF_BTC));
  assertEquals(failure.kind, "too_large");
  assert(state.isCancelled);
});

Deno.test("fetchText() fails on an unexpected status or a type that `accept` does not match, and cancels the body", async () => {
  const cases = [
    [{ status: 451 }, "http", 451, "Example refused: HTTP 451"],
    [
      { headers: { "content-type": "text/html; charset=utf-8" } },
      "type",
      200,
      "Example answered with text/html, which was not requested",
    ],
    [
      { headers: { "content-type": "<script>" } },
      "type",
      200,
      "Example answered with content of unknown type, which was not requested",
    ],
  ] as const;
  for (const [init, kind, status, message] of cases) {
    const { state, response } = endless(["secret"], init);
    const { runtime } = createNetwork(() => response);
    const failure = await failureOf(
      fetchText(runtime, { ...options, accept: /^text\/csv/ }, URL_OF_BTC),
    );
    assertEquals([failure.kind, failure.status, failure.message], [kind, status, message]);
    assert(state.isCancelled, message);
  }
});

Deno.test("fetchText() accepts JSON under any content type, and the types that `accept` matches", async () => {
  for (
    const [type, body] of [
      ["application/json;charset=utf-8", "1"],
      ["application/problem+json", '"x"'],
      ["text/json", "1"],
      ["text/plain", '{"price":1}'],
      ["text/html; charset=utf-8", "\n [1]"],
      ["application/octet-stream", '\ufeff{"price":1}'],
      ["text/javascript", "[]"],
      ["", "{}"],
    ] as const
  ) {
    const { runtime } = createNetwork(() =>
      new Response(new TextEncoder().encode(body), { headers: { "content-type": type } })
    );
    assertEquals(await fetchText(runtime, options, URL_OF_BTC), body.replace("\ufeff", ""), type);
  }
  const { runtime } = createNetwork(() =>
    new Response("a,b", { headers: { "content-type": "text/csv" } })
  );
  assertEquals(await fetchText(runtime, { ...options, accept: /^text\/csv/ }, URL_OF_BTC), "a,b");
});

Deno.test("fetchText() fails on a body that is not JSON, and names its type and nothing of its content", async () => {
  const cases = [
    ["text/html", "<!doctype html><p>secret", "text/html"],
    ["text/plain", "Edge: Too Many Requests", "text/plain"],
    ["<script>", "secret", "content of unknown type"],
    ["", "", "content of unknown type"],
  ] as const;
  for (const [type, body, name] of cases) {
    const { runtime } = createNetwork(() =>
      new Response(new TextEncoder().encode(body), { headers: { "content-type": type } })
    );
    const { kind, message } = await failureOf(fetchText(runtime, options, URL_OF_BTC));
    assertEquals([kind, message], [
      "type",
      `Example answered with ${name}, which was not requested`,
    ]);
  }
});

Deno.test("fetchText() reports the Retry-After of a refusal", async () => {
  const { runtime } = createNetwork(() =>
    new Response(null, { status: 503, headers: { "retry-after": "7" } })
  );
  assertEquals((await failureOf(fetchText(runtime, options, URL_OF_BTC))).retryAfterMs, 7000);
});

Deno.test("fetchText() reports a broken connection without its URL", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  const answers = [
    () => Promise.reject(new TypeError(`error sending request for ${URL_OF_BTC}`)),
    () => new Response(broken, { headers: { "content-type": "application/json" } }),
  ];
  for (const respond of answers) {
    const { runtime, clock } = createNetwork(respond);
    const { kind, message } = await failureOf(fetchText(runtime, options, URL_OF_BTC));
    assertEquals([kind, message], ["network", "The connection to Example failed"]);
    assertEquals(clock.timers, 0);
  }
});

const BLOCKED = [
  "no url at all",
  "http://api.example.com/",
  "file:///etc/passwd",
  "data:application/json,1",
  "https://user:secret@api.example.com/",
  "https://api.example.com:8443/",
  "https://localhost/",
  "https://redis/",
  "https://redis./",
  "https://printer.local/",
  "https://metadata.google.internal/",
  "https://a.localhost./",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://%E2%91%A0%E2%91%A1%E2%91%A6.0.0.1/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[fd00::1]/",
];

Deno.test("fetchText() calls public hosts over https only, redirects included", async () => {
  for (const url of BLOCKED) {
    const first = createNetwork(() => json(1));
    const failure = await failureOf(fetchText(first.runtime, options, url));
    assertEquals([url, failure.kind, first.calls.length], [url, "blocked", 0]);
    assertFalse(failure.message.includes("secret"));

    const hop = createNetwork(() => redirect(url));
    if (URL.canParse(url)) {
      assertEquals((await failureOf(fetchText(hop.runtime, options, URL_OF_BTC))).kind, "blocked");
      assertEquals([url, hop.calls.length], [url, 1]);
    }
  }
});

Deno.test("fetchText() calls a name only if all its addresses are public", async () => {
  const lookups: [string[], string | null][] = [
    [["93.184.215.14", "10.0.0.1"], "blocked"],
    [[], "blocked"],
    [["93.184.215.14"], null],
  ];
  for (const [addresses, kind] of lookups) {
    const { runtime, calls } = createNetwork(() => json(1), addresses);
    const outcome = await fetchText(runtime, options, URL_OF_BTC).then(
      () => null,
      ({ kind }) => kind,
    );
    assertEquals([outcome, calls.length], [kind, kind === null ? 1 : 0]);
  }
  const { runtime } = createNetwork(() => json(1));
  const lost = { ...runtime, resolve: () => Promise.reject(new Error("no such name")) };
  assertEquals((await failureOf(fetchText(lost, options, URL_OF_BTC))).kind, "network");
});

Deno.test("fetchText() follows three redirects, cancels their bodies, and follows no fourth", async () => {
  for (const hops of [3, 4]) {
    const bodies: { isCancelled: boolean }[] = [];
    const { runtime, calls } = createNetwork((_call, init) => {
      assertEquals(init.redirect, "manual");
      if (calls.length > hops) return json("there");
      const { state, response } = endless([], { status: 307, headers: { location: "/next" } });
      bodies.push(state);
      return response;
    });
    const outcome = fetchText(runtime, options, URL_OF_BTC);
    if (hops === 3) assertEquals(await outcome, '"there"');
    else assertEquals((await failureOf(outcome)).kind, "http");
    assertEquals(calls.length, 4);
    assertEquals(calls.at(-1)?.url, "https://api.example.com/next");
    assert(bodies.every(({ isCancelled }) => isCancelled));
  }
});

Deno.test("fetchText() fails on a redirect without a target", async () => {
  const { runtime, calls } = createNetwork(() => new Response(null, { status: 301 }));
  const { kind, status } = await failureOf(fetchText(runtime, options, URL_OF_BTC));
  assertEquals([kind, status, calls.length], ["http", 301, 1]);
});

Deno.test("fetchText() sends secret headers to their origin only, also after a redirect back", async () => {
  const headers = {
    authorization: "Bearer secret",
    cookie: "a=b",
    "x-cg-demo-api-key": "secret",
    "api-key": "secret",
    "user-agent": "edgetape",
  };
  const path = ["/same", "https://other.example.com/", "https://api.example.com/back"];
  const { runtime, calls } = createNetwork(() => {
    const next = path.shift();
    return next === undefined ? json(1) : redirect(next);
  });
  await fetchText(runtime, { ...options, headers }, URL_OF_BTC);
  const names = calls.map((call) => [...call.headers.keys()]);
  const allNames = Object.keys(headers).toSorted();
  assertEquals(names, [allNames, allNames, ["user-agent"], ["user-agent"]]);
});

Deno.test("fetchText() decodes by the header's charset, else by the XML declaration, else as UTF-8", async () => {
  const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const cases: [string, string | Uint8Array<ArrayBuffer>, string][] = [
    ["text/xml", "é", "é"],
    ["text/xml; charset=unheard-of", "é", "é"],
    ['text/xml; charset="iso-8859-1"', latin1("é"), "é"],
    ["text/xml", latin1('<?xml version="1.0" encoding="windows-1252"?>é'), "é"],
  ];
  for (const [type, body, end] of cases) {
    const { runtime } = createNetwork(() =>
      new Response(body, { headers: { "content-type": type } })
    );
    const text = await fetchText(runtime, { ...options, accept: /xml/ }, URL_OF_BTC);
    assertEquals(text.at(-1), end, type);
  }
});
