import { assert, assertEquals } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { readConfig } from "../../lib/core/config.ts";
import { DAY_MS } from "../../lib/core/time.ts";
import { ROUND_S } from "../../lib/demo/script.ts";
import { createServices } from "../../lib/services.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { ProviderStatus, type Quote, QuotesSnapshot } from "../../lib/topics/quotes/quote.ts";
import { createClient } from "../hub/support.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { createStreamedQuotes } from "../support/streamed_quotes.ts";
import { createOfflineDemo } from "./support.ts";

const FRIDAY = Date.UTC(2026, 10, 20, 15, 30);
const SATURDAY = FRIDAY + DAY_MS;

/** The speed of the task `demo`. */
const [, SPEED] = /\bDEMO_SPEED=(\d+)/.exec(project.tasks.demo.command) ?? [];
assert(SPEED !== undefined, "the task `demo` sets no DEMO_SPEED");

/** The quotes and statuses that a client of the stream has after a second. */
interface Second {
  readonly quotes: readonly Quote[];
  readonly statuses: readonly ProviderStatus[];
}

/** Subscribes to all quotes of a demo for two minutes, and records each second. */
async function recordSeconds(
  startedAt: number,
  env: Readonly<Record<string, string>>,
): Promise<Second[]> {
  const clock = createManualClock(startedAt);
  const config = readConfig({ DEMO: "1", DEMO_SPEED: SPEED, ...env });
  const runtime = createOfflineDemo(clock, {
    speed: config.DEMO_SPEED,
    hasFaults: config.DEMO_FAULTS,
  });
  const services = createServices(config, runtime, { version: "0.0.0" });
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const client = createClient(await services.hub.subscribe({ filters })).live();
  const { quotes, take } = createStreamedQuotes({
    instruments: services.quotes.instruments,
    attributions: new Map(),
    isSimulated: true,
  });
  const statuses = new Map<string, ProviderStatus>();
  const setStatus = (status: ProviderStatus) => statuses.set(status.provider, status);
  const seconds: Second[] = [];
  let framesRead = 0;
  for (let s = 0; s < ROUND_S; s++) {
    await clock.advance(1000);
    for (const frame of client.frames.slice(framesRead)) {
      const { event, data } = frame;
      take(frame);
      if (event === "status") setStatus(ProviderStatus.parse(JSON.parse(data)));
      if (event !== "snapshot") continue;
      QuotesSnapshot.parse(JSON.parse(data)).status.forEach(setStatus);
    }
    framesRead = client.frames.length;
    seconds.push({ quotes: [...quotes.values()], statuses: [...statuses.values()] });
  }
  await client.hangUp();
  await services.close();
  await clock.advance(15_000); // lets the calls under way end
  assertEquals(clock.timers, 0);
  return seconds;
}

/** Lists every state of a provider in some seconds. */
function statesIn(seconds: readonly Second[]): string[] {
  const states = seconds.flatMap(({ statuses }) => statuses.map(({ state }) => state));
  return [...new Set(states)].toSorted();
}

/** Returns the freshness that a row of the page shows. */
function shownFreshness({ is_stale, session, is_delayed }: Quote): string {
  if (is_stale) return "stale";
  if (session === "closed") return "closed";
  return is_delayed ? "delayed" : "live";
}

for (const [day, startedAt] of [["Friday", FRIDAY], ["Saturday", SATURDAY]] as const) {
  Deno.test(`the demo shows all symbols and every state within two minutes, on a ${day}`, async () => {
    const seconds = await recordSeconds(startedAt, {});
    assertEquals(seconds.at(-1)?.quotes.length, instrumentsFor({}).size);
    assertEquals(statesIn(seconds), ["closed", "delayed", "down", "live", "stale"]);
    const freshness = seconds.flatMap(({ quotes }) => quotes.map(shownFreshness));
    assertEquals([...new Set(freshness)].toSorted(), ["closed", "delayed", "live", "stale"]);
  });
}

Deno.test("the demo shows indices that close, and open again with another previous close", async () => {
  const seconds = await recordSeconds(FRIDAY, { DEMO_FAULTS: "off" });
  const spxQuotes = seconds.flatMap(({ quotes }) =>
    quotes.filter(({ symbol }) => symbol === "SPX")
  );
  const sessions = spxQuotes.map(({ session }) => session)
    .filter((session, index, sessions) => session !== sessions[index - 1]);
  assertEquals(sessions, ["open", "closed", "open", "closed"]);
  const closed = spxQuotes.filter(({ session, as_of }) =>
    session === "closed" && as_of !== null && Date.parse(as_of) < FRIDAY + 40_000
  );
  assert(closed.length > 30);
  assertEquals(new Set(closed.slice(5).map(({ price }) => price)).size, 1);
  const previousCloses = spxQuotes.map(({ price, change }) =>
    (Number(price) - Number(change)).toFixed(2)
  );
  assertEquals(new Set(previousCloses).size, 2);
});

Deno.test("the demo never has more than five stale quotes, and none most of the time", async () => {
  const seconds = (await recordSeconds(FRIDAY, {})).slice(5);
  const staleCounts = seconds.map(({ quotes }) => quotes.filter(({ is_stale }) => is_stale).length);
  assert(Math.max(...staleCounts) <= 5, `${Math.max(...staleCounts)}`);
  const freshShare = staleCounts.filter((count) => count === 0).length / staleCounts.length;
  assert(freshShare > 0.6, `${freshShare}`);
});

Deno.test("the demo has no failing provider if faults are off", async () => {
  const seconds = (await recordSeconds(FRIDAY, { DEMO_FAULTS: "off" })).slice(2);
  assertEquals(statesIn(seconds), ["closed", "delayed", "live"]);
  const quotes = seconds.flatMap((second) => second.quotes);
  assert(quotes.every(({ is_stale, simulated }) => !is_stale && simulated));
});

Deno.test("two demos that start at the same time show the same", async () => {
  assertEquals(await recordSeconds(FRIDAY, {}), await recordSeconds(FRIDAY, {}));
});

Deno.test("the demo also simulates the providers with a key, and their prices do not diverge", async () => {
  const seconds = await recordSeconds(FRIDAY, {
    COINGECKO_API_KEY: "demo",
    TWELVE_DATA_API_KEY: "demo",
    FRED_API_KEY: "demo",
    UNOFFICIAL_SOURCES: "none",
  });
  const sources = seconds.flatMap(({ quotes }) => quotes.map(({ source }) => source));
  assertEquals([...new Set(sources)].toSorted(), [
    "coinbase",
    "fred",
    "gold-api",
    "kraken",
    "twelve-data",
  ]);
  const divergences = seconds.flatMap(({ statuses }) => statuses)
    .filter(({ reason }) => reason?.includes("differ"));
  assertEquals(divergences, []);
});
