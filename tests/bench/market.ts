/**
 * The cost of quotes, of nine and of 100 symbols: an hour on a manual clock, with the providers' own intervals and
 * simulated upstreams.
 *
 * @module
 */
import { readConfig } from "../../lib/core/config.ts";
import { HOUR_MS } from "../../lib/core/time.ts";
import type { Runtime } from "../../lib/core/runtime.ts";
import { createServices } from "../../lib/services.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { CATALOGUE } from "../../lib/topics/quotes/catalogue.ts";
import { createOfflineDemo } from "../demo/support.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { printHead, printRow, show } from "./table.ts";

/** A Wednesday on which all markets of New York are open. */
const STARTED_AT = Date.UTC(2026, 10, 18, 16);

/** The commands of a publication, as `deno task bench redis` counts them. */
const COMMANDS_PER_PUBLICATION = 7;

/** What an hour of a deployment with one viewer costs. */
interface HourlyCost {
  readonly ticks: number;
  readonly publications: number;
  readonly bytes: number;
  /** The calls of each host. */
  readonly calls: ReadonlyMap<string, number>;
}

/** Reads a stream to its end. It counts the bytes and the ticks. */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  count: (bytes: number, ticks: number) => void,
): Promise<void> {
  const utf8 = new TextDecoder();
  for await (const chunk of stream) {
    count(chunk.length, utf8.decode(chunk).split("\nevent: quote\n").length - 1);
  }
}

/** Plays an hour with one viewer of all symbols. */
async function playHour(env: Readonly<Record<string, string>>): Promise<HourlyCost> {
  const clock = createManualClock(STARTED_AT);
  const config = readConfig({ STREAM_MAX_AGE_MS: String(2 * HOUR_MS), ...env });
  const demo = createOfflineDemo(clock, {}, instrumentsFor(config));
  const calls = new Map<string, number>();
  const runtime: Runtime = {
    ...demo,
    fetch(url, init) {
      calls.set(url.hostname, (calls.get(url.hostname) ?? 0) + 1);
      return demo.fetch(url, init);
    },
  };
  const services = createServices(config, runtime, { version: "0.0.0" });
  let publications = 0;
  services.hub.onPublished(services.quotes.topic, () => publications++);
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const stream = await services.hub.subscribe({ filters });
  let [bytes, ticks] = [0, 0];
  const reading = stream === null ? Promise.resolve() : readAll(stream, (more, moreTicks) => {
    bytes += more;
    ticks += moreTicks;
  });
  await clock.advance(HOUR_MS);
  await services.close();
  await reading;
  return { ticks, publications, bytes, calls };
}

/** Prints the table of the guide. */
export async function printMarkets(): Promise<void> {
  printHead("An hour of quotes, one viewer, open markets", [
    "symbols",
    "sources",
    "ticks a second",
    "provider calls",
    "Redis commands",
    "KB of a viewer",
  ]);
  const hundred = CATALOGUE.slice(0, 100).map(({ symbol }) => symbol).join();
  for (const [symbols, SYMBOLS] of [["9", ""], ["100", hundred]] as const) {
    for (const STREAMING_SOURCES of ["none", "coinbase,kraken"]) {
      const { ticks, publications, bytes, calls } = await playHour({ SYMBOLS, STREAMING_SOURCES });
      printRow([
        symbols,
        STREAMING_SOURCES === "none" ? "all polled" : "coins streamed",
        show(ticks / 3600),
        [...calls].map(([host, count]) => `${host} ${show(count)}`).join(", "),
        show(publications * COMMANDS_PER_PUBLICATION),
        show(bytes / 1000),
      ]);
    }
  }
}
