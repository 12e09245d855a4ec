/**
 * The settings, read once. A bad one stops the start. The error lists every problem.
 *
 * @module
 */
import { z } from "zod";
import { LOG_LEVELS } from "./logger.ts";
import { DAY_MS } from "./time.ts";
import { isEventType } from "./topic.ts";

function wholeNumber(min: number, max: number) {
  return z.string().regex(/^\d{1,15}$/).transform(Number).pipe(z.number().min(min).max(max));
}

function count(min: number, max: number, fallback: number) {
  return wholeNumber(min, max).default(fallback).describe(`a whole number from ${min} to ${max}`);
}

function pollSetting(more = "") {
  return wholeNumber(50, DAY_MS).optional()
    .describe(`a whole number from 1000 (50 in DEMO) to ${DAY_MS}${more}`);
}

function apiKey(whose: string) {
  return z.string().regex(/^[\w-]{4,128}$/).optional().describe(whose);
}

const percent = z.string().regex(/^\d{1,3}(\.\d{1,4})?$/).transform(Number)
  .pipe(z.number().min(0.01).max(100));

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("no JSON");
    return z.NEVER;
  }
});

const channels = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/),
  z.strictObject({
    types: z.array(z.string().refine(isEventType)).min(1).max(64),
    private: z.boolean().default(false),
  }),
);

/** Tests for an origin as browsers send it. A pattern such as `https://*.example.com` parses too, but matches none. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text;
}

const origins = z.string()
  .transform((text) => text.split(",").map((each) => each.trim()))
  .pipe(z.array(z.string().refine((each) => each === "*" || isOrigin(each))))
  .refine((list) => list.length === 1 || !list.includes("*"))
  .transform((list) => list[0] === "*" ? "*" : list);

/** Tests for the URL of a feed. Statuses and logs show it, so it may not contain a password. */
function isFeedUrl(text: string): boolean {
  const url = URL.parse(text);
  return !/\s/.test(text) && url?.protocol === "https:" && url.username === "" &&
    url.password === "";
}

const feedUrls = z.string()
  .transform((text) => text.split(",").map((each) => each.trim()))
  .pipe(z.array(z.string().max(2048).refine(isFeedUrl)).max(100));

/** Tests for the URL of a database: over TLS unless it is local. Logs show it, so it may not contain a secret. */
function isRestUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (url.search !== "" || url.hash !== "") return false;
  const isLocal = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "https:" || url.protocol === "http:" && isLocal;
}

/** All settings: a line each. The table in `lib/docs/configure.md` has the same names and defaults: a test compares them. */
export const SETTINGS = z.object({
  PORT: count(0, 65_535, 8000),
  HOST: z.string().regex(/^[0-9a-zA-Z.:_-]{1,253}$/).optional().describe("an address to listen on"),
  DEMO: z.enum(["0", "1"]).default("0").transform((text) => text === "1").describe("1 or 0"),
  DEMO_SPEED: count(1, 100_000, 1),
  DEMO_FAULTS: z.enum(["on", "off"]).default("on").transform((text) => text === "on")
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
  QUOTE_POLL_MS: pollSetting(),
  QUOTE_TTL_MS: pollSetting(", at most QUOTE_POLL_MS"),
  QUORUM_BOUND_PCT: percent.default(1).describe("a number from 0.01 to 100"),
  UNOFFICIAL_SOURCES: z.enum(["yahoo", "none"]).default("yahoo").describe("yahoo or none"),
  COINGECKO_API_KEY: apiKey("a demo key of CoinGecko"),
  TWELVE_DATA_API_KEY: apiKey("a key of Twelve Data"),
  FRED_API_KEY: apiKey("a key of FRED"),
  NEWS_FEEDS: feedUrls.optional().describe("https URLs without a password, separated by commas"),
  NEWS_POLL_MS: pollSetting(),
  CHANNELS: json.pipe(channels).default({})
    .describe(`JSON such as { "alerts": { "types": ["price_alert"], "private": false } }`),
  MAX_EVENT_BYTES: count(64, 1_048_576, 65_536),
  OPERATION_TTL_S: count(1, 604_800, 300),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info").describe(`one of ${LOG_LEVELS.join(", ")}`),
});

/** The settings in use. */
export type Config = Readonly<z.infer<typeof SETTINGS>>;

/** The variables of an environment. */
type Env = Readonly<Record<string, string | undefined>>;

/** Settings that cannot be used. The message lists every problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(problems: readonly string[]) {
    super(`Cannot start with these settings:\n  ${problems.join("\n  ")}`);
  }
}

const SECRETS: ReadonlySet<string> = new Set([
  "UPSTASH_REDIS_REST_TOKEN",
  "PUBLISH_TOKEN",
  "AUTH_SECRET",
  "COINGECKO_API_KEY",
  "TWELVE_DATA_API_KEY",
  "FRED_API_KEY",
]);

/** Describes a setting that cannot be used: its name, the value that was got, the values that are accepted. */
export function settingProblem(name: string, got: string): string {
  return `${name}: got ${shownValue(name, got)}, takes ${takes(name)}`;
}

/** Formats a bad value for the operator: cut short, and never a secret. */
function shownValue(name: string, got: string): string {
  if (SECRETS.has(name)) return `${got.length} characters`;
  return JSON.stringify(got.length > 60 ? `${got.slice(0, 60)}…` : got);
}

function takes(name: string): string {
  return Object.entries(SETTINGS.shape).find(([key]) => key === name)?.[1].description ?? "less";
}

/** Lists what is missing of a database: its URL or its token. */
function missingHalves({ UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN }: Env): string[] {
  const both = Object.entries({ UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN });
  const missing = both.filter(([_, text]) => !text).map(([name]) => name);
  if (missing.length !== 1) return [];
  return missing.map((name) =>
    `${name}: got nothing, takes ${takes(name)}, since its other half is set`
  );
}

/** Lists the intervals that are too short, or contradict each other. */
function badIntervals({ DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS, NEWS_POLL_MS }: Config): string[] {
  const smallest = DEMO ? 50 : 1000;
  const bad = Object.entries({ QUOTE_POLL_MS, QUOTE_TTL_MS, NEWS_POLL_MS })
    .filter(([_, ms]) => ms !== undefined && ms < smallest)
    .map(([name, ms]) => `${name}: got "${ms}", takes ${takes(name)}`);
  if (QUOTE_POLL_MS !== undefined && QUOTE_TTL_MS !== undefined && QUOTE_TTL_MS > QUOTE_POLL_MS) {
    bad.push(
      `QUOTE_TTL_MS: got "${QUOTE_TTL_MS}", takes at most QUOTE_POLL_MS, which is ${QUOTE_POLL_MS}`,
    );
  }
  return bad;
}

/**
 * Reads the settings from the variables of an environment. An empty variable counts as not set.
 *
 * @throws {ConfigError} If a setting cannot be used.
 */
export function readConfig(env: Env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([_, text]) => text));
  const { data, error } = SETTINGS.safeParse(given);
  const bad = new Set(error?.issues.map(({ path }) => String(path[0])));
  // The valid settings are read all the same, so that their contradictions are listed too.
  const config = data ??
    SETTINGS.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !bad.has(name))));
  const problems = [
    ...[...bad].map((name) => settingProblem(name, given[name] ?? "")),
    ...missingHalves(given).filter(() => ![...bad].some((name) => name.startsWith("UPSTASH_"))),
    ...badIntervals(config),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * Returns the prefix of all keys and channels in the shared store. A demo or a preview writes apart from production.
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
