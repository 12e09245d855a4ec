/**
 * Tabs that follow numbered prices.
 *
 * @module
 */
import { z } from "zod";
import { createBrowser, type Tab } from "./tabs.ts";

/** One minute in ms. */
export const MINUTE = 60_000;

/**
 * Creates a browser with tabs, after the publication of price 1.
 *
 * @param count At least 2.
 * @param options Of all tabs. Without a cursor, they have received price 1.
 */
export async function createTabs(count: number, options: { cursor?: string } = {}) {
  const browser = createBrowser();
  const { clock, server } = browser;
  let lastPrice = 0;

  /** Publishes quotes, each with the next number as its price. */
  async function quote(times = 1): Promise<void> {
    for (let published = 0; published < times; published++) {
      server.publish("quote", { symbol: "BTC-USD", price: ++lastPrice });
    }
    await clock.advance(0);
  }

  /** Opens a tab, which connects or follows the leader. */
  async function open(tabOptions: Parameters<typeof browser.openTab>[0] = options): Promise<Tab> {
    const tab = browser.openTab(tabOptions);
    await clock.advance(0);
    return tab;
  }

  await quote();
  const first = await open();
  const second = await open();
  const tabs = [first, second];
  while (tabs.length < count) tabs.push(await open());
  return { browser, clock, server, first, second, tabs, quote, open };
}

const PricedQuote = z.object({ price: z.number() });

/** Returns the prices that a tab has received, in order. */
export function pricesOf({ events }: Tab): number[] {
  return events.flatMap(({ type, data }) =>
    type === "snapshot"
      ? z.object({ quotes: z.array(PricedQuote) }).parse(data).quotes
      : PricedQuote.parse(data)
  ).map(({ price }) => price);
}

/** Returns the numbers from 1 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
