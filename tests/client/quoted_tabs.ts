/**
 * Tabs that follow numbered prices.
 *
 * @module
 */
import { z } from "zod";
import { createBrowser, type Tab } from "./tabs.ts";

export const MINUTE = 60_000;

/** Creates a browser with tabs that have received quote 1. */
export async function createTabs(count: number, options: { cursor?: string } = {}) {
  const browser = createBrowser();
  const { clock, server } = browser;
  let price = 0;
  /** Publishes quotes, each with the next number as its price. */
  async function quote(times = 1): Promise<void> {
    while (times-- > 0) server.publish("quote", { symbol: "BTC-USD", price: ++price });
    await clock.advance(0);
  }
  async function open(more: Parameters<typeof browser.openTab>[0] = options): Promise<Tab> {
    const tab = browser.openTab(more);
    await clock.advance(0);
    return tab;
  }
  await quote();
  const [first, second] = [await open(), await open()];
  const tabs = [first, second];
  while (tabs.length < count) tabs.push(await open());
  return { browser, clock, server, first, second, tabs, quote, open };
}

const Priced = z.object({ price: z.number() });

/** Returns the prices that a tab has received, in order. */
export function pricesOf({ events }: Tab): number[] {
  return events.flatMap(({ type, data }) =>
    type === "snapshot"
      ? z.object({ quotes: z.array(Priced) }).parse(data).quotes
      : Priced.parse(data)
  ).map(({ price }) => price);
}

/** Returns the numbers from 1 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}
