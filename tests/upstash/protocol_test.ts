/**
 * The stand-in's REST protocol: the real SDK and plain requests.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { redisTest } from "../support/programs.ts";
import type { StandIn } from "./stand_in.ts";
import { sdkFor, startBench } from "./support.ts";

/** Asks without the SDK. */
async function ask({ url, token }: StandIn, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${token}`, ...init.headers };
  const response = await fetch(url + path, { ...init, headers });
  const body: unknown = await response.json();
  return { status: response.status, headers: response.headers, body };
}

function post(body: unknown, headers: HeadersInit = {}): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers };
}

redisTest("startStandIn() serves the SDK's reads and writes, unicode among them", async () => {
  await using bench = await startBench();
  const value = { price: "1.10", name: "žluť 🐎", nested: [null, true] };
  assertEquals(await bench.sdk.set("key", value), "OK");
  assertEquals(await bench.sdk.get("key"), value);
  assertEquals(await bench.sdk.get("nothing"), null);
  assertEquals(await bench.sdk.set("key", 1, { nx: true }), null);
  assertEquals(await bench.sdk.incrby("number", 3), 3);
  const plainly = sdkFor(bench.standIn, { responseEncoding: false });
  assertEquals(await plainly.get("key"), value);
});

redisTest("startStandIn() gives bytes that are no text as base64, and OK as it is", async () => {
  await using bench = await startBench();
  const { standIn } = bench;
  const bytes = Uint8Array.of(0, 255, 13, 10, 128);
  const stored = await ask(standIn, "/set/bytes", { method: "POST", body: bytes });
  assertEquals(stored.body, { result: "OK" });
  const encoding = { "upstash-encoding": "base64" };
  assertEquals((await ask(standIn, "/", post(["GET", "bytes"], encoding))).body, {
    result: bytes.toBase64(),
  });
  const words = ["EVAL", "return {ARGV[1], 1, false, {'b'}}", 0, "a"];
  assertEquals((await ask(standIn, "/", post(words, encoding))).body, {
    result: ["YQ==", 1, null, ["Yg=="]],
  });
  assertEquals((await ask(standIn, "/", post(["SET", "a", 1], encoding))).body, { result: "OK" });
  assertEquals((await ask(standIn, "/", post(["PING"], encoding))).body, { result: "UE9ORw==" });
});

redisTest("startStandIn() takes commands in the address, by GET and by POST", async () => {
  await using bench = await startBench();
  const { standIn } = bench;
  assertEquals((await ask(standIn, "/set/a%20b/c%2Fd?EX=100")).body, { result: "OK" });
  assertEquals((await ask(standIn, "/get/a%20b", { method: "POST" })).body, { result: "c/d" });
  assertEquals(await standIn.run("TTL", "a b"), 100);
});

redisTest("startStandIn() runs a pipeline past the commands that fail", async () => {
  await using bench = await startBench();
  const { body } = await ask(
    bench.standIn,
    "/pipeline",
    post([["SET", "key", "v"], ["INCR", "key"], ["SUBSCRIBE", "a"], ["GET", "key"]]),
  );
  assertEquals(body, [
    { result: "OK" },
    { error: "ERR value is not an integer or out of range" },
    {
      error:
        "ERR Command is not available: 'SUBSCRIBE'. See https://upstash.com/docs/redis/overall/compatibility for details",
    },
    { result: "v" },
  ]);
  assertEquals(await bench.sdk.pipeline().incr("n").get("n").exec(), [1, 1]);
});

redisTest("startStandIn() runs a transaction as a whole or not at all", async () => {
  await using bench = await startBench();
  assertEquals(await bench.sdk.multi().set("a", 1).incr("a").get("a").exec(), ["OK", 2, 2]);
  const discarded = await ask(
    bench.standIn,
    "/multi-exec",
    post([["SET", "b", 1], ["NOSUCH"]]),
  );
  assertEquals(discarded.status, 400);
  assertMatch(JSON.stringify(discarded.body), /ERR unknown command/);
  assertEquals(await bench.sdk.exists("b"), 0);
});

redisTest(
  "startStandIn() runs scripts: by text, by hash, and with the service's own flag",
  async () => {
    await using bench = await startBench();
    const { sdk } = bench;
    assertEquals(await sdk.eval("return {KEYS[1], ARGV[1], 3}", ["k"], ["v"]), ["k", "v", 3]);
    for (const flag of ["", "#!lua flags=allow-key-locking\n"]) {
      const script = sdk.createScript<string>(`${flag}return ARGV[1]`);
      await assertRejects(() => script.evalsha([], ["x"]), Error, "NOSCRIPT");
      assertEquals([await script.exec([], ["x"]), await script.evalsha([], ["y"])], ["x", "y"]);
    }
    const refused = sdk.eval(
      "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('INCR', KEYS[1])",
      ["k"],
      [],
    );
    await assertRejects(() => refused, Error, "Write commands are not allowed");
  },
);

redisTest("startStandIn() keeps streams, trimmed by length and by id", async () => {
  await using bench = await startBench();
  const { sdk } = bench;
  const byLength = { trim: { type: "MAXLEN", threshold: 2, comparison: "=" } } as const;
  for (const id of ["1-1", "1-2", "2-1"]) await sdk.xadd("log", id, { id }, byLength);
  assertEquals(await sdk.xrange("log", "-", "+"), { "1-2": { id: "1-2" }, "2-1": { id: "2-1" } });
  assertEquals(Object.keys(await sdk.xrange("log", "(1-2", "+", 10)), ["2-1"]);
  const byId = { trim: { type: "MINID", threshold: "2-1", comparison: "=" } } as const;
  await sdk.xadd("log", "2-2", { id: "2-2" }, byId);
  assertEquals(Object.keys(await sdk.xrange("log", "-", "+")), ["2-1", "2-2"]);
  await assertRejects(() => sdk.xadd("log", "1-9", { id: 1 }), Error, "equal or smaller");
});

redisTest("startStandIn() accepts the token in a header or in the URL", async () => {
  await using bench = await startBench();
  const { standIn } = bench;
  const stranger = await ask({ ...standIn, token: "guess" }, "/get/a");
  assertEquals([stranger.status, stranger.body], [401, {
    error: "WRONGPASS invalid or missing auth token",
  }]);
  const response = await fetch(`${standIn.url}/get/a?_token=${standIn.token}`);
  assertEquals(await response.json(), { result: null });
  assertMatch(response.headers.get("upstash-sync-token") ?? "", /./);
  await assertRejects(() => sdkFor({ ...standIn, token: "guess" }).get("a"), Error, "WRONGPASS");
});

/** Requests that are refused, each with its status and the beginning of its error. */
const REFUSALS: Readonly<
  Record<string, readonly [path: string, init: RequestInit, status: number, error: RegExp]>
> = {
  "another method": ["/", { method: "DELETE" }, 405, /^{"error":"ERR method not allowed/],
  "no JSON": [
    "/",
    { method: "POST", body: "GET a" },
    400,
    /^{"error":"ERR failed to parse command/,
  ],
  "an empty command": ["/", post([]), 400, /^{"error":"ERR failed to parse command/],
  "an empty pipeline": ["/pipeline", post([]), 400, /^{"error":"ERR empty pipeline request/],
  "a broken address": ["/get/%E0%A4%A", {}, 400, /^{"error":"ERR failed to parse command/],
  "a command that blocks": [
    "/",
    post(["BLPOP", "a", 0]),
    400,
    /^{"error":"ERR Command is not available: 'BLPOP'/,
  ],
  "a read that blocks": [
    "/",
    post(["XREAD", "block", 1, "STREAMS", "a", "$"]),
    400,
    /^{"error":"ERR XREAD with BLOCK/,
  ],
  "a subscription to nothing": [
    "/subscribe/",
    { method: "POST" },
    400,
    /^{"error":"ERR wrong number of arguments/,
  ],
  "what Redis refuses": [
    "/",
    post(["GET"]),
    400,
    /^{"error":"ERR wrong number of arguments for 'get'/,
  ],
  "a transaction of commands that are not accepted": [
    "/multi-exec",
    post([["WATCH", "a"]]),
    400,
    /^{"error":"ERR Command is not/,
  ],
};

redisTest("startStandIn() refuses in the service's words", async () => {
  await using bench = await startBench();
  for (const [name, [path, init, status, error]] of Object.entries(REFUSALS)) {
    const refused = await ask(bench.standIn, path, init);
    assertEquals(refused.status, status, name);
    assertMatch(JSON.stringify(refused.body), error, name);
  }
});

redisTest("startStandIn() takes requests of 10 MB, and none above", async () => {
  await using bench = await startBench();
  const path = "/set/big";
  const most = new Uint8Array(10 * 1024 * 1024);
  assertEquals((await ask(bench.standIn, path, { method: "POST", body: most })).status, 200);
  assertEquals(await bench.standIn.run("STRLEN", "big"), most.length);
  const above = await ask(bench.standIn, path, {
    method: "POST",
    body: new Uint8Array(most.length + 1),
  });
  assertEquals(above.status, 400);
  assertMatch(JSON.stringify(above.body), /ERR max request size exceeded/);
});
