import { assert, assertEquals } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { readConfig } from "../../lib/core/config.ts";
import { createLogger } from "../../lib/core/logger.ts";
import { createDemoRuntime } from "../../lib/demo/demo_runtime.ts";
import { ROUND_S } from "../../lib/demo/script.ts";
import { createServices } from "../../lib/services.ts";
import { Quote, Snapshot, Status } from "../../lib/topics/quotes/quote.ts";
import { createClient } from "../hub/support.ts";
import { createManualClock } from "../support/manual_clock.ts";

const FRIDAY = Date.UTC(2026, 10, 20, 15, 30);
const SATURDAY = FRIDAY + 86_400_000;

/** The settings of `deno task demo`. */
const SPEED = /\bDEMO_SPEED=(\d+)/.exec(project.tasks.demo.command)?.[1] ?? "";

/** The state of one second, as a client of the stream receives it. */
interface Second {
  readonly quotes: readonly Quote[];
  readonly statuses: readonly Status[];
}

/** Follows all quotes of a demo for two minutes, second by second. */
async function watch(startedAt: number, env: Readonly<Record<string, string>>): Promise<Second[]> {
  const clock = createManualClock(startedAt);
  const refuse = () => Promise.reject(new Error("the demo has no network"));
  const config = readConfig({ DEMO: "1", DEMO_SPEED: SPEED, ...env });
  const runtime = createDemoRuntime({
    clock,
    random: () => 0.5,
    log: createLogger("error", clock, () => {}),
    fetch: refuse,
    resolve: refuse,
    readAsset: refuse,
  }, { speed: config.DEMO_SPEED, hasFaults: config.DEMO_FAULTS });
  const services = createServices(config, runtime, { version: "0.0.0" });
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const client = createClient(await services.hub.subscribe({ filters })).live();
  const quotes = new Map<string, Quote>();
  const statuses = new Map<string, Status>();
  const setQuote = (quote: Quote) => quotes.set(quote.symbol, quote);
  const setStatus = (status: Status) => statuses.set(status.provider, status);
  const seconds: Second[] = [];
  let read = 0;
  for (let s = 0; s < ROUND_S; s++) {
    await clock.advance(1000);
    for (const { event, data } of client.frames.slice(read)) {
      if (event === "quote") setQuote(Quote.parse(JSON.parse(data)));
      if (event === "status") setStatus(Status.parse(JSON.parse(data)));
      if (event !== "snapshot") continue;
      const snapshot = Snapshot.parse(JSON.parse(data));
      snapshot.quotes.forEach(setQuote);
      snapshot.status.forEach(setStatus);
    }
    read = client.frames.length;
    seconds.push({ quotes: [...quotes.values()], statuses: [...statuses.values()] });
  }
  await client.hangUp();
  await services.close();
  await clock.advance(15_000); // pending calls
  assertEquals(clock.timers, 0);
  return seconds;
}

/** Returns every state of a provider in some seconds. */
function statesIn(seconds: readonly Second[]): string[] {
  const states = seconds.flatMap(({ statuses }) => statuses.map(({ state }) => state));
  return [...new Set(states)].sort();
}

/** Returns the freshness that a row shows. */
function wordOf({ is_stale, session, is_delayed }: Quote): string {
  if (is_stale) return "stale";
  if (session === "closed") return "closed";
  return is_delayed ? "delayed" : "live";
}

for (const [day, startedAt] of [["Friday", FRIDAY], ["Saturday", SATURDAY]] as const) {
  Deno.test(`task demo shows nine symbols and each state within two minutes, on a ${day}`, async () => {
    const seconds = await watch(startedAt, {});
    assertEquals(seconds.at(-1)?.quotes.length, 9);
    assertEquals(statesIn(seconds), ["closed", "delayed", "down", "live", "stale"]);
    const words = seconds.flatMap(({ quotes }) => quotes.map(wordOf));
    assertEquals([...new Set(words)].sort(), ["closed", "delayed", "live", "stale"]);
  });
}

Deno.test("task demo shows indices that close, and open again with a new previous close", async () => {
  const seconds = await watch(FRIDAY, { DEMO_FAULTS: "off" });
  const quotes = seconds.flatMap(({ quotes }) => quotes.filter(({ symbol }) => symbol === "SPX"));
  const sessions = quotes.map(({ session }) => session)
    .filter((session, n, all) => session !== all[n - 1]);
  assertEquals(sessions, ["open", "closed", "open", "closed"]);
  const closed = quotes.filter(({ session, as_of }) =>
    session === "closed" && as_of !== null && Date.parse(as_of) < FRIDAY + 40_000
  );
  assert(closed.length > 30);
  assertEquals(new Set(closed.slice(5).map(({ price }) => price)).size, 1);
  const references = quotes.map(({ price, change }) => (Number(price) - Number(change)).toFixed(2));
  assertEquals(new Set(references).size, 2);
});

Deno.test("task demo has at least four fresh quotes at any time, and only fresh ones most of the time", async () => {
  const seconds = (await watch(FRIDAY, {})).slice(5);
  const stale = seconds.map(({ quotes }) => quotes.filter(({ is_stale }) => is_stale).length);
  assert(Math.max(...stale) <= 5, `${Math.max(...stale)}`);
  const well = stale.filter((count) => count === 0).length / stale.length;
  assert(well > 0.6, `${well}`);
});

Deno.test("task demo shows no fault while DEMO_FAULTS is off", async () => {
  const seconds = (await watch(FRIDAY, { DEMO_FAULTS: "off" })).slice(2);
  assertEquals(statesIn(seconds), ["closed", "delayed", "live"]);
  const quotes = seconds.flatMap((each) => each.quotes);
  assert(quotes.every(({ is_stale, simulated }) => !is_stale && simulated));
});

Deno.test("task demo shows the same states if it begins at the same time", async () => {
  assertEquals(await watch(FRIDAY, {}), await watch(FRIDAY, {}));
});

Deno.test("demo simulates sources that need a key, and they take over on failure", async () => {
  const seconds = await watch(FRIDAY, {
    COINGECKO_API_KEY: "demo",
    TWELVE_DATA_API_KEY: "demo",
    FRED_API_KEY: "demo",
    UNOFFICIAL_SOURCES: "none",
  });
  const sources = seconds.flatMap(({ quotes }) => quotes.map(({ source }) => source));
  assertEquals([...new Set(sources)].sort(), [
    "coinbase",
    "fred",
    "gold-api",
    "kraken",
    "twelve-data",
  ]);
  const disagreements = seconds.flatMap(({ statuses }) => statuses)
    .filter(({ reason }) => reason?.includes("differ"));
  assertEquals(disagreements, []);
});
