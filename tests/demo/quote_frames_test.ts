/** The size of the frames of prices, of which a viewer receives most. */
import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import { createServices } from "../../lib/services.ts";
import { Tick } from "../../lib/topics/quotes/quote.ts";
import { encodeFrame } from "../../lib/wire/sse.ts";
import { createClient } from "../hub/support.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { createOfflineDemo, DEFAULT_INSTRUMENTS } from "./support.ts";

/** A Friday in New York, while all markets are open. */
const FRIDAY = Date.parse("2026-11-20T15:30:00.000Z");

/** The most bytes of the median frame, its id and event lines included. */
const MAX_MEDIAN_BYTES = 240;

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

Deno.test(`the median frame of a price of the nine symbols has at most ${MAX_MEDIAN_BYTES} bytes`, async () => {
  const clock = createManualClock(FRIDAY);
  const config = readConfig({ DEMO: "1", DEMO_FAULTS: "off" });
  const runtime = createOfflineDemo(clock, { speed: 1, hasFaults: false });
  const services = createServices(config, runtime, { version: "0.0.0" });
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const client = createClient(await services.hub.subscribe({ filters })).live();
  await clock.advance(60_000);
  const bytesOf = new Map<string, number[]>();
  for (const { id, event, data } of client.frames) {
    if (event !== "quote") continue;
    const { symbol } = Tick.parse(JSON.parse(data));
    const frame = new TextEncoder().encode(encodeFrame({ id: id ?? "", event, data }));
    bytesOf.set(symbol, [...bytesOf.get(symbol) ?? [], frame.length]);
  }
  assertEquals(bytesOf.size, DEFAULT_INSTRUMENTS.size);
  // Symbols count alike, although those that are streamed have more frames.
  const medians = [...bytesOf.values()].map(medianOf);
  assert(medianOf(medians) <= MAX_MEDIAN_BYTES, `${medians}`);
  await client.hangUp();
  await services.close();
  await clock.advance(15_000); // lets the calls under way end
});
