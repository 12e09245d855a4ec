/**
 * The settings, read once. The server does not start with an invalid one, and the error lists every problem.
 *
 * @module
 */
import { z } from "zod";
import { feedSetting, MAX_FEEDS } from "./feed_setting.ts";
import { LOG_LEVELS } from "./logger.ts";
import { SYMBOL_PATTERN } from "./symbol.ts";
import { DAY_MS } from "./time.ts";
import { isEventType } from "./topic.ts";

/** The shortest poll interval, in milliseconds. */
const MIN_POLL_MS = 1000;

/** The shortest poll interval of a demo, whose simulated upstreams accept more calls. */
const MIN_DEMO_POLL_MS = 50;

function wholeNumber(min: number, max: number) {
  return z.string().regex(/^\d{1,15}$/).transform(Number).pipe(z.number().min(min).max(max));
}

function count(min: number, max: number, fallback: number) {
  return wholeNumber(min, max).default(fallback).describe(`a whole number from ${min} to ${max}`);
}

function pollInterval(furtherBound = "") {
  const range = `from ${MIN_POLL_MS} (${MIN_DEMO_POLL_MS} in DEMO) to ${DAY_MS}`;
  return wholeNumber(MIN_DEMO_POLL_MS, DAY_MS).optional()
    .describe(`a whole number ${range}${furtherBound}`);
}

function apiKey(description: string) {
  return z.string().regex(/^[\w-]{4,128}$/).optional().describe(description);
}

const percent = z.string().regex(/^\d{1,3}(\.\d{1,4})?$/).transform(Number)
  .pipe(z.number().min(0.01).max(100));

const NOT_JSON = "not JSON";

function parseSettingAsJson(setting: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(setting);
  } catch {
    context.addIssue(NOT_JSON);
    return z.NEVER;
  }
}

const json = z.string().transform(parseSettingAsJson);

const channels = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/),
  z.strictObject({
    types: z.array(z.string().refine(isEventType)).min(1).max(64),
    private: z.boolean().default(false),
  }),
);

function splitList(list: string): string[] {
  return list.split(",").map((item) => item.trim());
}

/**
 * Returns true for an origin as browsers send it. A pattern such as `https://*.example.com` is refused: it would parse as a
 * URL, but match no origin.
 */
function isOrigin(candidate: string): boolean {
  return /^https?:\/\/[^*]+$/.test(candidate) && URL.parse(candidate)?.origin === candidate;
}

const origins = z.string().transform(splitList)
  .pipe(z.array(z.string().refine((origin) => origin === "*" || isOrigin(origin))))
  .refine((list) => list.length === 1 || !list.includes("*"))
  .transform((list) => list[0] === "*" ? "*" : list);

/** The name of an instrument, in upper case. */
const symbol = z.string().toUpperCase().regex(SYMBOL_PATTERN);

/** An instrument of the settings. What it leaves out is the catalogue's, or that of its class. */
const instrumentSetting = z.strictObject({
  name: z.string().trim().min(1).max(100).optional(),
  class: z.string().optional(),
  currency: z.string().regex(/^[A-Z]{3}$/).optional(),
  unit: z.string().regex(/^[\w/ -]{1,32}$/).optional(),
  decimals: z.int().min(0).max(12).optional(),
  hours: z.string().optional(),
  sources: z.record(z.string().regex(/^[a-z0-9-]{1,32}$/), z.string().regex(/^[\x21-\x7e]{1,64}$/)),
});

/** The most symbols of a deployment. */
const MAX_SYMBOLS = 500;

/** Accepts some of the names, each once, or `none`. */
function sourceList<const Name extends string>(names: readonly Name[], defaults: Name[]) {
  return z.string().transform(splitList)
    .transform((list) => list.length === 1 && list[0] === "none" ? [] : list)
    .pipe(z.array(z.enum(names)))
    .refine((list) => new Set(list).size === list.length)
    .default(defaults)
    .describe(`${names.join(", ")}, separated by commas, or none`);
}

function isJsonList(setting: string): boolean {
  return setting.trimStart().startsWith("[");
}

// No union, because its issues would not name the entry.
const feedSettings = z.string().transform((setting, context) =>
  isJsonList(setting)
    ? parseSettingAsJson(setting, context)
    : splitList(setting).map((url) => ({ url }))
).pipe(z.array(feedSetting).max(MAX_FEEDS)).superRefine((feeds, context) => {
  const sources = feeds.map(({ source }) => source);
  const index = sources.findIndex((source, n) =>
    source !== undefined && sources.indexOf(source) !== n
  );
  if (index >= 0) {
    context.addIssue({ code: "custom", message: "not unique", path: [index, "source"] });
  }
});

/**
 * Returns true for the URL of a database, which must use TLS unless it is local. It may not contain credentials or
 * parameters, because a problem that quotes it would reveal them.
 */
function isRestUrl(candidate: string): boolean {
  const url = URL.parse(candidate);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (url.search !== "" || url.hash !== "") return false;
  const isLocal = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "https:" || url.protocol === "http:" && isLocal;
}

/** Returns true for the URL of a service of the operator, which may be local. It may not contain a password. */
function isServiceUrl(candidate: string): boolean {
  const url = URL.parse(candidate);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "";
}

/** The schemas of all settings. A test compares their names and defaults with the table in `lib/docs/configure.md`. */
export const SETTINGS = z.object({
  PORT: count(0, 65_535, 8000),
  HOST: z.string().regex(/^[0-9a-zA-Z.:_-]{1,253}$/).optional().describe("an address to listen on"),
  DEMO: z.enum(["0", "1"]).default("0").transform((flag) => flag === "1").describe("1 or 0"),
  DEMO_SPEED: count(1, 100_000, 1),
  DEMO_FAULTS: z.enum(["on", "off"]).default("on").transform((flag) => flag === "on")
    .describe("on or off"),
  UPSTASH_REDIS_REST_URL: z.string().refine(isRestUrl).optional()
    .describe("an https URL, http on 127.0.0.1 and localhost only"),
  UPSTASH_REDIS_REST_TOKEN: z.string().regex(/^[\x21-\x7e]{1,1024}$/).optional()
    .describe("the database's token, without spaces"),
  REDIS_PREFIX: z.string().regex(/^[\w:-]{1,64}$/).default("edgetape")
    .describe("1 to 64 of A-Z a-z 0-9 : _ -"),
  PUBLISH_TOKEN: z.string().regex(/^[\x21-\x7e]{16,512}$/).optional()
    .describe("16 to 512 printable characters without spaces"),
  AUTH_SECRET: z.string().regex(/^[\x21-\x7e]{32,512}$/).optional()
    .describe("32 to 512 printable characters without spaces"),
  ALLOWED_ORIGINS: origins.default("*")
    .describe("* or origins such as https://example.com, separated by commas"),
  STREAMS_PER_ISOLATE: count(1, 100_000, 2000),
  STREAMS_PER_CLIENT: count(1, 100_000, 20),
  OPENS_PER_MINUTE: count(0, 1_000_000, 120),
  PUBLISH_PER_MINUTE: count(0, 1_000_000, 1200),
  CLIENT_IP_HEADER: z.string().regex(/^[\w-]{1,64}$/).optional().describe("a header's name"),
  HEARTBEAT_MS: count(50, 600_000, 15_000),
  STREAM_MAX_AGE_MS: count(1000, DAY_MS, 1_800_000),
  RETRY_MS: count(100, 600_000, 3000),
  COALESCE_MS: count(0, 10_000, 20),
  LOG_RETAIN_EVENTS: count(1, 100_000, 1000),
  LOG_RETAIN_MS: count(60_000, 30 * DAY_MS, DAY_MS),
  SYMBOLS: z.string().transform(splitList).pipe(z.array(symbol).min(1).max(MAX_SYMBOLS))
    .refine((symbols) => new Set(symbols).size === symbols.length).optional()
    .describe("symbols of the catalogue or of INSTRUMENTS, separated by commas, each once"),
  INSTRUMENTS: json.pipe(z.record(symbol, instrumentSetting)).optional().describe(
    'JSON such as { "AAPL": { "name": "Apple", "class": "equities", "currency": "USD", ' +
      '"sources": { "finnhub": "AAPL" } } }; a known symbol needs only sources',
  ),
  STREAMING_SOURCES: sourceList(
    ["coinbase", "kraken", "finnhub", "alpaca"],
    ["coinbase", "kraken"],
  ),
  QUOTE_POLL_MS: pollInterval(),
  QUOTE_TTL_MS: pollInterval(", at most QUOTE_POLL_MS"),
  QUORUM_BOUND_PCT: percent.default(1).describe("a number from 0.01 to 100"),
  UNOFFICIAL_SOURCES: sourceList(["yahoo", "swissquote"], ["yahoo"]),
  COINGECKO_API_KEY: apiKey("a demo key of CoinGecko"),
  TWELVE_DATA_API_KEY: apiKey("a key of Twelve Data"),
  FRED_API_KEY: apiKey("a key of FRED"),
  FINNHUB_API_KEY: apiKey("a key of Finnhub"),
  ALPACA_API_KEY: apiKey("the id of a key of Alpaca"),
  ALPACA_API_SECRET: z.string().regex(/^[\x21-\x7e]{4,256}$/).optional()
    .describe("the key's secret, without spaces"),
  NEWS_FEEDS: feedSettings.optional().describe(
    "https URLs without a password, separated by commas, or JSON such as " +
      '[{ "url": "https://news.example/rss", "source": "desk", "name": "The Desk", "symbols": ["XAU-USD"] }]: ' +
      `${MAX_FEEDS} feeds at most, each source once`,
  ),
  NEWS_IMAGES: z.enum(["none", "link"]).optional().describe("none or link"),
  NEWS_PER_SOURCE: count(1, 500, 50),
  NEWS_POLL_MS: pollInterval(),
  CHANNELS: json.pipe(channels).default({})
    .describe(`JSON such as { "alerts": { "types": ["price_alert"], "private": false } }`),
  MAX_EVENT_BYTES: count(64, 1_048_576, 65_536),
  OPERATION_TTL_S: count(1, 604_800, 300),
  CHAT_UPSTREAM: z.enum(["openai", "vanna"]).default("openai").describe("openai or vanna"),
  CHAT_UPSTREAM_URL: z.string().refine(isServiceUrl).optional()
    .describe("an http or https URL without a password"),
  CHAT_MODEL: z.string().regex(/^[\x21-\x7e]{1,200}$/).optional()
    .describe("the name of a model, without spaces"),
  CHAT_API_KEY: z.string().regex(/^[\x21-\x7e]{1,1024}$/).optional()
    .describe("the upstream's key, without spaces"),
  CHAT_ORPHAN_S: count(5, 3600, 60),
  CHAT_FLUSH_MS: count(20, 5000, 100),
  CHAT_RUNS_PER_USER: count(1, 1000, 4),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info").describe(`one of ${LOG_LEVELS.join(", ")}`),
});

/** The parsed settings. */
export type Config = Readonly<z.infer<typeof SETTINGS>>;

/** The variables of an environment. */
type Env = Readonly<Record<string, string | undefined>>;

/** The error of invalid settings. The message lists every problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(problems: readonly string[]) {
    super(`Cannot start with these settings:\n  ${problems.join("\n  ")}`);
  }
}

/** The most characters of an invalid value that a problem quotes. */
const MAX_QUOTED_CHARACTERS = 60;

/** The settings whose values no message may contain. */
const SECRETS: ReadonlySet<string> = new Set([
  "UPSTASH_REDIS_REST_TOKEN",
  "PUBLISH_TOKEN",
  "AUTH_SECRET",
  "COINGECKO_API_KEY",
  "TWELVE_DATA_API_KEY",
  "FRED_API_KEY",
  "FINNHUB_API_KEY",
  "ALPACA_API_KEY",
  "ALPACA_API_SECRET",
  "CHAT_API_KEY",
  // Headers and queries of feeds may contain keys.
  "NEWS_FEEDS",
]);

/**
 * Describes an invalid setting: the name, the value, and the values that are accepted.
 *
 * @param detail The error in the value, "" if it is obvious.
 */
export function settingProblem(name: string, value: string, detail = ""): string {
  return `${name}: got ${quoteValue(name, value)}${detail}, takes ${acceptedValues(name)}`;
}

/** The most steps of a path into a value, so that no message contains a key of `headers`. */
const MAX_PATH_STEPS = 2;

/** Locates the error in a value that messages do not quote. Returns "" if the error has no place in it. */
function errorDetail(name: string, issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined || !SECRETS.has(name)) return "";
  if (issue.message === NOT_JSON) return `, which is ${NOT_JSON}`;
  const unknownKey = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const steps = [...issue.path.slice(1), ...unknownKey].slice(0, MAX_PATH_STEPS);
  if (steps.length === 0) return "";
  const path = steps.map((step) => typeof step === "number" ? `[${step}]` : `.${String(step)}`);
  return ` with an error at ${path.join("")}`;
}

/** Formats an invalid value for the operator: truncated, and for a secret only its length. */
function quoteValue(name: string, value: string): string {
  if (SECRETS.has(name)) return `${value.length} characters`;
  const isLong = value.length > MAX_QUOTED_CHARACTERS;
  return JSON.stringify(isLong ? `${value.slice(0, MAX_QUOTED_CHARACTERS)}…` : value);
}

function acceptedValues(name: string): string {
  const setting = Object.entries(SETTINGS.shape).find(([key]) => key === name);
  const description = setting?.[1].description;
  if (description === undefined) throw new TypeError(`The setting ${name} has no description`);
  return description;
}

/** The settings that are set together or not at all: an address or id, and its secret. */
const HALVES = [
  ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
  ["ALPACA_API_KEY", "ALPACA_API_SECRET"],
] as const;

/** Describes the missing halves, if only one of two settings is set. An invalid setting is a problem of its own. */
function missingHalves(env: Env, invalid: ReadonlySet<string>): string[] {
  return HALVES.filter((halves) => !halves.some((name) => invalid.has(name))).flatMap((halves) => {
    const missing = halves.filter((name) => !env[name]);
    return missing.length !== 1
      ? []
      : missing.map((name) =>
        `${name}: got nothing, takes ${acceptedValues(name)}, since its other half is set`
      );
  });
}

/** Describes the missing model of an upstream that serves several. */
function chatProblems({ CHAT_UPSTREAM, CHAT_UPSTREAM_URL, CHAT_MODEL }: Config): string[] {
  if (CHAT_UPSTREAM_URL === undefined || CHAT_MODEL !== undefined || CHAT_UPSTREAM === "vanna") {
    return [];
  }
  return [
    `CHAT_MODEL: got nothing, takes ${
      acceptedValues("CHAT_MODEL")
    }, since CHAT_UPSTREAM_URL is set`,
  ];
}

/** Describes the poll intervals that are too short, and a TTL that exceeds its interval. */
function intervalProblems({ DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS, NEWS_POLL_MS }: Config): string[] {
  const minPollMs = DEMO ? MIN_DEMO_POLL_MS : MIN_POLL_MS;
  const problems = Object.entries({ QUOTE_POLL_MS, QUOTE_TTL_MS, NEWS_POLL_MS })
    .filter(([_, ms]) => ms !== undefined && ms < minPollMs)
    .map(([name, ms]) => `${name}: got "${ms}", takes ${acceptedValues(name)}`);
  if (QUOTE_POLL_MS !== undefined && QUOTE_TTL_MS !== undefined && QUOTE_TTL_MS > QUOTE_POLL_MS) {
    problems.push(
      `QUOTE_TTL_MS: got "${QUOTE_TTL_MS}", takes at most QUOTE_POLL_MS, which is ${QUOTE_POLL_MS}`,
    );
  }
  return problems;
}

/**
 * Reads the settings from the variables of an environment. An empty variable counts as not set.
 *
 * @throws {ConfigError} If a setting is invalid.
 */
export function readConfig(env: Env): Config {
  const variables = Object.fromEntries(Object.entries(env).filter(([_, value]) => value));
  const { data, error } = SETTINGS.safeParse(variables);
  const invalid = new Set(error?.issues.map(({ path }) => String(path[0])));
  // The valid settings are parsed even if others are invalid, so that contradictions between them are listed too.
  const config = data ?? SETTINGS.parse(
    Object.fromEntries(Object.entries(variables).filter(([name]) => !invalid.has(name))),
  );
  const problems = [
    ...[...invalid].map((name) => {
      const issue = error?.issues.find(({ path }) => path[0] === name);
      return settingProblem(name, String(variables[name]), errorDetail(name, issue));
    }),
    ...missingHalves(variables, invalid),
    ...intervalProblems(config),
    ...invalid.has("CHAT_MODEL") ? [] : chatProblems(config),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * Returns the prefix of all keys and channels in the shared store. Demos and previews have separate prefixes, so they do
 * not write into the data of production.
 *
 * @param timeline Deploy's name of the deployment: `production`, `git-branch/<branch>` or `preview/<revision>`.
 */
export function storePrefix(
  { REDIS_PREFIX, DEMO }: Pick<Config, "REDIS_PREFIX" | "DEMO">,
  timeline = "production",
): string {
  const branch = timeline === "production" ? "" : `-${timeline.replace(/[^\w-]+/g, "-")}`;
  return `${REDIS_PREFIX}${branch}${DEMO ? "-demo" : ""}`;
}
