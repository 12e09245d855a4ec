/**
 * The quotes service on a manual clock with simulated providers, some of which fail, and one client.
 *
 * @module
 */
import { readConfig } from "../../lib/core/config.ts";
import { createLogger } from "../../lib/core/logger.ts";
import type { Runtime } from "../../lib/core/runtime.ts";
import { createServices, type Services } from "../../lib/services.ts";
import { ProviderStatus, type Quote } from "../../lib/topics/quotes/quote.ts";
import { type Client, createClient } from "../hub/support.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";
import { createStreamedQuotes } from "../support/streamed_quotes.ts";
import { SIMULATED } from "./answers.ts";
import type { Answer } from "./faults.ts";

/** Secrets that must never appear. */
export const KEYS: Readonly<Record<string, string>> = {
  COINGECKO_API_KEY: "KEY-coingecko",
  TWELVE_DATA_API_KEY: "KEY-twelve-data",
  FRED_API_KEY: "KEY-fred",
  UNOFFICIAL_SOURCES: "yahoo,swissquote",
};

/** The poll interval of every provider. */
export const INTERVAL_MS = 5000;

/** A Wednesday at a time at which every market is open. */
const NOON = Date.UTC(2026, 10, 18, 17);

/** Rejects as `fetch` does if a provider is unreachable. */
export const unreachable: Answer = () => Promise.reject(new TypeError("lost"));

/** The quotes service under test. */
export interface QuotesUnderTest extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly services: Services;
  readonly client: Client;
  /** Answers by provider, healthy unless set. */
  readonly answers: Map<string, Answer>;
  /** All calls, with their wall time in ms. */
  readonly calls: { readonly host: string; readonly at: number }[];
  /** All frames and log lines. */
  output(): string;
  /** The streamed quotes of a symbol, in order. */
  quotesOf(symbol: string): Quote[];
  /** The newest streamed status of a provider. */
  statusOf(provider: string): ProviderStatus | undefined;
}

/** Opens a stream of quotes whose providers fail from the start as `failing` says. */
export async function createQuotesUnderTest(
  failing: ReadonlyMap<string, Answer> = new Map(),
  env: Readonly<Record<string, string>> = {},
  start = NOON,
): Promise<QuotesUnderTest> {
  const clock = createManualClock(start);
  const lines: string[] = [];
  const answers = new Map(failing);
  const calls: { host: string; at: number }[] = [];
  const counts = new Map<string, number>();
  const runtime: Runtime = {
    clock,
    random: () => 0.5,
    log: createLogger("debug", clock, (line) => lines.push(line)),
    async fetch(url) {
      const simulated = SIMULATED.find(({ host }) => host === url.hostname);
      if (simulated === undefined) throw new TypeError(`no provider at ${url.hostname}`);
      calls.push({ host: url.hostname, at: clock.now() });
      const call = counts.get(simulated.name) ?? 0;
      counts.set(simulated.name, call + 1);
      const healthy = () =>
        new Response(simulated.answer(url, clock.now()), {
          headers: { "content-type": "application/json; charset=utf-8" },
        });
      return await (answers.get(simulated.name) ?? healthy)(healthy, call);
    },
    resolve: () => Promise.resolve(["93.184.215.14"]),
    connect: refuseConnection,
    readAsset: () => Promise.reject(new Error("no assets here")),
  };
  // A demo has no limits of calls, which would make the intervals of providers differ.
  const settings = { DEMO: "1", QUOTE_POLL_MS: String(INTERVAL_MS), ...KEYS, ...env };
  const services = createServices(readConfig(settings), runtime, { version: "0.0.0" });
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const client = createClient(await services.hub.subscribe({ filters })).live();
  await clock.advance(0);
  const quotes: Quote[] = [];
  const streamed = createStreamedQuotes({
    instruments: services.quotes.instruments,
    attributions: new Map(),
    isSimulated: false,
  });
  const statuses: ProviderStatus[] = [];
  let parsed = 0;

  /** Parses the frames that came since the last call. */
  function parseFrames(): void {
    for (const frame of client.frames.slice(parsed)) {
      const { event, data } = frame;
      const taken = streamed.take(frame);
      if (event === "quote") quotes.push(...taken);
      if (event === "status") statuses.push(ProviderStatus.parse(JSON.parse(data)));
    }
    parsed = client.frames.length;
  }

  return {
    clock,
    services,
    client,
    answers,
    calls,
    output: () => [...client.frames.map(({ data }) => data), ...lines].join("\n"),
    quotesOf(symbol) {
      parseFrames();
      return quotes.filter((quote) => quote.symbol === symbol);
    },
    statusOf(provider) {
      parseFrames();
      return statuses.findLast((status) => status.provider === provider);
    },
    async [Symbol.asyncDispose]() {
      await client.hangUp();
      await services.close();
    },
  };
}
