import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, readConfig, SETTINGS } from "../../lib/core/config.ts";

type Env = Readonly<Record<string, string>>;

/** Returns the problems of refused settings, one per line. */
function problemsOf(env: Env): string[] {
  const [title, ...problems] = assertThrows(() => readConfig(env), ConfigError).message.split("\n");
  assertEquals(title, "Cannot start with these settings:");
  return problems.map((line) => line.trim());
}

/** Invalid values of every setting. A setting without an entry fails the test below. */
const REFUSED: Readonly<Record<keyof typeof SETTINGS.shape, readonly string[]>> = {
  PORT: ["65536", "-1", "8000.5", "8e3", "0x10", " 80", "eight"],
  HOST: ["a b", "http://localhost"],
  DEMO: ["true", "on", "2"],
  DEMO_SPEED: ["0", "100001", "1.5", "fast"],
  DEMO_FAULTS: ["1", "yes"],
  UPSTASH_REDIS_REST_URL: [
    "redis.example.com",
    "http://redis.example.com",
    "http://127.0.0.1.example.com",
    "redis://localhost:6379",
    "https://user:password@redis.example.com",
    "https://redis.example.com?_token=a",
  ],
  UPSTASH_REDIS_REST_TOKEN: ["with space", "é", "x".repeat(1025)],
  REDIS_PREFIX: ["a b", "a/b", "a,b", "é", "x".repeat(65)],
  PUBLISH_TOKEN: ["too-short", "sixteen chars and spaces", "x".repeat(513), "sixteen-chars-é-in"],
  AUTH_SECRET: ["x".repeat(31), `with a space ${"x".repeat(32)}`, "x".repeat(513), "é".repeat(40)],
  ALLOWED_ORIGINS: [
    "example.com",
    "https://example.com/",
    "https://example.com/path",
    "https://Example.com",
    "null",
    "*,https://example.com",
    "https://example.com,",
    "https://*.example.com",
    "ws://example.com",
  ],
  STREAMS_PER_ISOLATE: ["0", "100001"],
  STREAMS_PER_CLIENT: ["0", "100001"],
  OPENS_PER_MINUTE: ["-1", "1000001"],
  PUBLISH_PER_MINUTE: ["-1", "1000001"],
  CLIENT_IP_HEADER: ["x forwarded", "x:y"],
  HEARTBEAT_MS: ["0", "49", "15s"],
  STREAM_MAX_AGE_MS: ["999", "86400001"],
  RETRY_MS: ["0", "600001"],
  COALESCE_MS: ["-1", "10001"],
  LOG_RETAIN_EVENTS: ["0", "100001"],
  LOG_RETAIN_MS: ["59999", "2592000001"],
  SYMBOLS: ["BTC USD", "BTC-USD,", "BTC-USD,btc-usd", "-USD", "A".repeat(17)],
  INSTRUMENTS: [
    "AAPL",
    "[]",
    '{"A A":{"sources":{}}}',
    '{"AAPL":{}}',
    '{"AAPL":{"sources":{"finnhub":""}}}',
    '{"AAPL":{"sources":{},"currency":"dollars"}}',
    '{"AAPL":{"sources":{},"colour":"red"}}',
  ],
  QUOTE_POLL_MS: ["999", "86400001", "fast"],
  QUOTE_TTL_MS: ["999", "86400001", "fast"],
  QUORUM_BOUND_PCT: ["0", "0.001", "100.1", "1 %", "-1", "1e1"],
  STREAMING_SOURCES: ["yahoo", "kraken,kraken", "none,kraken"],
  UNOFFICIAL_SOURCES: ["all", "cnbc", "yahoo,cnbc", "yahoo,yahoo", "none,yahoo"],
  COINGECKO_API_KEY: ["abc", "with space"],
  TWELVE_DATA_API_KEY: ["abc", "with space"],
  FRED_API_KEY: ["abc", "a&b=cd"],
  FINNHUB_API_KEY: ["abc", "with space"],
  ALPACA_API_KEY: ["abc", "with space"],
  ALPACA_API_SECRET: ["abc", "with space"],
  NEWS_PER_SOURCE: ["0", "501", "many"],
  NEWS_IMAGES: ["yes", "proxy"],
  NEWS_FEEDS: [
    "news.example/rss",
    "http://news.example/rss",
    "https://user:password@news.example/rss",
    "https://news.example/rss,",
    "https://news.example/rss https://news.example/atom",
    Array(201).fill("https://news.example/rss").join(),
    "[",
    '["https://news.example/rss"]',
    ...[
      { url: "http://a.example/" },
      { url: "https://a.example/", source: "a b" },
      { url: "https://a.example/", charset: "klingon" },
      { url: "https://a.example/", headers: { host: "b.example" } },
      { url: "https://a.example/", headers: { "x-key": "a\nb" } },
      { url: "https://a.example/", title: "unknown field" },
    ].map((feed) => JSON.stringify([feed])),
    JSON.stringify(["a", "b"].map((host) => ({ url: `https://${host}.example/`, source: "x" }))),
  ],
  NEWS_POLL_MS: ["999", "86400001", "fast"],
  CHANNELS: [
    "alerts",
    "null",
    "[]",
    '{"Alerts":{"types":["a"]}}',
    '{"a/b":{"types":["a"]}}',
    '{"alerts":{}}',
    '{"alerts":{"types":[]}}',
    '{"alerts":{"types":["a b"]}}',
    '{"alerts":{"types":["a"],"private":"yes"}}',
    '{"alerts":{"types":["a"],"privat":true}}',
    ...["sync", "gap", "snapshot", "heartbeat", "bye", "busy", "auth", "error", "open", "message"]
      .map((type) => JSON.stringify({ alerts: { types: ["fine", type] } })),
  ],
  MAX_EVENT_BYTES: ["63", "1048577"],
  OPERATION_TTL_S: ["0", "604801", "1.5"],
  CHAT_UPSTREAM: ["anthropic", "OpenAI"],
  CHAT_UPSTREAM_URL: ["model.example", "ws://model.example", "https://user:password@model.example"],
  CHAT_MODEL: ["two words", "x".repeat(201)],
  CHAT_API_KEY: ["with space", "é", "x".repeat(1025)],
  CHAT_ORPHAN_S: ["4", "3601"],
  CHAT_FLUSH_MS: ["19", "5001"],
  CHAT_RUNS_PER_USER: ["0", "1001"],
  LOG_LEVEL: ["warning", "INFO"],
};

for (const [name, values] of Object.entries(REFUSED)) {
  Deno.test(`readConfig() refuses an invalid ${name} with one problem that names it`, () => {
    for (const value of values) {
      const problems = problemsOf({ [name]: value });
      assertEquals(problems.length, 1, value);
      assert(problems[0]?.startsWith(`${name}: got `), value);
      assert(/, takes (?!less$)\S/.test(problems[0] ?? ""), value);
    }
  });
}

Deno.test("readConfig() lists all problems together, including contradictions of valid settings", () => {
  assertEquals(
    problemsOf({
      PORT: "eight",
      LOG_LEVEL: "loud",
      CHANNELS: '{"a":{"types":["sync","open"]}}',
      QUOTE_POLL_MS: "2000",
      QUOTE_TTL_MS: "3000",
    }),
    [
      'PORT: got "eight", takes a whole number from 0 to 65535',
      'CHANNELS: got "{\\"a\\":{\\"types\\":[\\"sync\\",\\"open\\"]}}", takes JSON such as ' +
      '{ "alerts": { "types": ["price_alert"], "private": false } }',
      'LOG_LEVEL: got "loud", takes one of debug, info, warn, error',
      'QUOTE_TTL_MS: got "3000", takes at most QUOTE_POLL_MS, which is 2000',
    ],
  );
});

Deno.test("readConfig() accepts a database's URL with its token", () => {
  const url = "http://127.0.0.1:8079";
  const token = "secret-token";
  const config = readConfig({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });
  assertEquals([config.UPSTASH_REDIS_REST_URL, config.UPSTASH_REDIS_REST_TOKEN], [url, token]);
});

Deno.test("readConfig() reports an invalid half of a database's address once", () => {
  const token = "secret-token";
  assertEquals(
    problemsOf({ UPSTASH_REDIS_REST_URL: "x", UPSTASH_REDIS_REST_TOKEN: token }).length,
    1,
  );
});

Deno.test("readConfig() reports the missing half of a key, without the secret", () => {
  const secret = "alpaca-secret";
  assertEquals(problemsOf({ ALPACA_API_SECRET: secret }), [
    "ALPACA_API_KEY: got nothing, takes the id of a key of Alpaca, since its other half is set",
  ]);
  assertEquals(
    readConfig({ ALPACA_API_KEY: "an-id", ALPACA_API_SECRET: secret }).ALPACA_API_KEY,
    "an-id",
  );
});

Deno.test("readConfig() reports the missing half of a database's address, without the token", () => {
  const token = "secret-token";
  assertEquals(problemsOf({ UPSTASH_REDIS_REST_URL: "https://eu1.example.com" }), [
    "UPSTASH_REDIS_REST_TOKEN: got nothing, takes the database's token, without spaces, since its " +
    "other half is set",
  ]);
  const [problem = ""] = problemsOf({ UPSTASH_REDIS_REST_TOKEN: token });
  assert(problem.startsWith("UPSTASH_REDIS_REST_URL: got nothing"));
  assertFalse(problem.includes(token));
});

Deno.test("readConfig() never prints a secret", () => {
  for (const name of Object.keys(SETTINGS.shape).filter((key) => /TOKEN|SECRET|KEY/.test(key))) {
    const [problem = ""] = problemsOf({ [name]: "hush é" });
    assertStringIncludes(problem, `${name}: got 6 characters`);
    assertFalse(problem.includes("hush"));
  }
});

Deno.test("readConfig() truncates the values that it prints", () => {
  const [problem = ""] = problemsOf({ HOST: `${"x".repeat(60)} ${"y".repeat(1000)}` });
  assertStringIncludes(problem, `"${"x".repeat(60)}…"`);
});

Deno.test("readConfig() treats an empty variable as not set, and ignores unknown variables", () => {
  const empty = Object.fromEntries(Object.keys(SETTINGS.shape).map((name) => [name, ""]));
  assertEquals(readConfig({ ...empty, HOME: "/home/somebody" }), readConfig({}));
});

Deno.test("readConfig() returns the defaults of settings that are not set", () => {
  assertEquals(readConfig({}), {
    PORT: 8000,
    DEMO: false,
    DEMO_SPEED: 1,
    DEMO_FAULTS: true,
    REDIS_PREFIX: "edgetape",
    ALLOWED_ORIGINS: "*",
    STREAMS_PER_ISOLATE: 2000,
    STREAMS_PER_CLIENT: 20,
    OPENS_PER_MINUTE: 120,
    PUBLISH_PER_MINUTE: 1200,
    HEARTBEAT_MS: 15_000,
    STREAM_MAX_AGE_MS: 1_800_000,
    RETRY_MS: 3000,
    COALESCE_MS: 20,
    LOG_RETAIN_EVENTS: 1000,
    LOG_RETAIN_MS: 86_400_000,
    QUORUM_BOUND_PCT: 1,
    STREAMING_SOURCES: ["coinbase", "kraken"],
    UNOFFICIAL_SOURCES: ["yahoo"],
    CHANNELS: {},
    NEWS_PER_SOURCE: 50,
    MAX_EVENT_BYTES: 65_536,
    OPERATION_TTL_S: 300,
    CHAT_UPSTREAM: "openai",
    CHAT_ORPHAN_S: 60,
    CHAT_FLUSH_MS: 100,
    CHAT_RUNS_PER_USER: 4,
    LOG_LEVEL: "info",
  });
});

Deno.test("readConfig() reads channels, which are public by default", () => {
  const { CHANNELS } = readConfig({
    CHANNELS: '{"alerts":{"types":["price_alert"]},"ops-1":{"types":["a.b"],"private":true}}',
  });
  assertEquals(CHANNELS, {
    alerts: { types: ["price_alert"], private: false },
    "ops-1": { types: ["a.b"], private: true },
  });
});

Deno.test("readConfig() reads a list of origins, and * as any origin", () => {
  const origins = (list: string) => readConfig({ ALLOWED_ORIGINS: list }).ALLOWED_ORIGINS;
  assertEquals(origins("*"), "*");
  assertEquals(origins("https://a.example, http://localhost:5173"), [
    "https://a.example",
    "http://localhost:5173",
  ]);
});

Deno.test("readConfig() allows a poll interval of 50 ms in DEMO, and of a second otherwise", () => {
  assertEquals(readConfig({ DEMO: "1", QUOTE_POLL_MS: "50" }).QUOTE_POLL_MS, 50);
  assertEquals(problemsOf({ DEMO: "1", QUOTE_POLL_MS: "49" }).length, 1);
  assertEquals(readConfig({ QUOTE_POLL_MS: "1000" }).QUOTE_POLL_MS, 1000);
  assertEquals(problemsOf({ QUOTE_POLL_MS: "999", QUOTE_TTL_MS: "50" }).length, 2);
  assertEquals(readConfig({ DEMO: "1", NEWS_POLL_MS: "50" }).NEWS_POLL_MS, 50);
});

Deno.test("readConfig() reads feeds as a list", () => {
  const urls = ["https://a.example/rss?x=1", "https://b.example/"];
  assertEquals(
    readConfig({ NEWS_FEEDS: urls.join(", ") }).NEWS_FEEDS,
    urls.map((url) => ({ url })),
  );
});

Deno.test("readConfig() reads feeds as JSON, and quotes nothing of a list that it refuses", () => {
  const url = "https://a.example/rss?a=1,2";
  const headers = { "X-Api-Key": "secret" };
  const feed = { url, source: "Desk", name: "The Desk", symbols: ["xau-usd"], charset: "latin1" };
  assertEquals(readConfig({ NEWS_FEEDS: JSON.stringify([{ ...feed, headers }]) }).NEWS_FEEDS, [
    { ...feed, source: "desk", symbols: ["XAU-USD"], headers: { "x-api-key": "secret" } },
  ]);
  assertEquals(readConfig({ NEWS_FEEDS: "[]" }).NEWS_FEEDS, []);
  const [problem = ""] = problemsOf({ NEWS_FEEDS: JSON.stringify([{ url, headers, nme: "x" }]) });
  assert(problem.startsWith("NEWS_FEEDS: got 82 characters with an error at [0].nme, "), problem);
});

Deno.test("readConfig() locates the error in NEWS_FEEDS, and quotes neither its URLs nor its headers", () => {
  const url = "https://a.example/rss?key=s3cr3t";
  const placeOf = (setting: string | readonly unknown[]) => {
    const [problem = ""] = problemsOf({
      NEWS_FEEDS: typeof setting === "string" ? setting : JSON.stringify(setting),
    });
    assert(!problem.includes("s3cr3t"), problem);
    return /^NEWS_FEEDS: got \d+ characters(.*), takes https URLs/.exec(problem)?.[1];
  };
  assertEquals(placeOf(`${url},http://b.example/?key=s3cr3t`), " with an error at [1].url");
  assertEquals(placeOf([{ url }, { url, charset: "klingon" }]), " with an error at [1].charset");
  assertEquals(
    placeOf([{ url, headers: { "s3cr3t key": "x" } }]),
    " with an error at [0].headers",
  );
  assertEquals(
    placeOf([{ url, source: "a" }, { url, source: "A" }]),
    " with an error at [1].source",
  );
  assertEquals(placeOf([url]), " with an error at [0]");
  assertEquals(placeOf(`[{"url":"${url}"}`), ", which is not JSON");
  const urls = Array.from({ length: 201 }, (_, n) => `${url}&n=${n}`);
  assertEquals(readConfig({ NEWS_FEEDS: urls.slice(1).join() }).NEWS_FEEDS?.length, 200);
  assertEquals(placeOf(urls.join()), "");
});

Deno.test("readConfig() refuses a TTL above the poll interval only if both are set", () => {
  assertEquals(problemsOf({ QUOTE_POLL_MS: "2000", QUOTE_TTL_MS: "2001" }).length, 1);
  assertEquals(readConfig({ QUOTE_POLL_MS: "2000", QUOTE_TTL_MS: "2000" }).QUOTE_TTL_MS, 2000);
  assertEquals(readConfig({ QUOTE_TTL_MS: "86400000" }).QUOTE_TTL_MS, 86_400_000);
  assertEquals(readConfig({ QUOTE_POLL_MS: "1000" }).QUOTE_TTL_MS, undefined);
});
