import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { propertyRuns } from "../support/property_runs.ts";
import { createTabs, MINUTE, pricesOf } from "./quoted_tabs.ts";
import type { Tab } from "./tabs.ts";

type Tabs = Awaited<ReturnType<typeof createTabs>>;

/** Actions on a tab. The last tab is never closed. */
const ACTIONS: Readonly<Record<string, (tab: Tab, tabs: Tab[], test: Tabs) => unknown>> = {
  open: async (_, tabs, { open }) => tabs.push(await open({})),
  "open with a cursor": async ({ feed }, tabs, { open }) => {
    if (feed.cursor()) tabs.push(await open({ cursor: feed.cursor() }));
  },
  close: (tab, tabs) => {
    if (tabs.length > 1) tabs.splice(tabs.indexOf(tab), 1)[0]?.feed.close();
  },
  crash: (tab, tabs) => {
    if (tabs.length > 1) tabs.splice(tabs.indexOf(tab), 1)[0]?.crash();
  },
  freeze: (tab) => tab.freeze(),
  thaw: (tab) => tab.thaw(),
  sleep: (tab) => tab.dispatchLifecycle("freeze"),
  hide: (tab) => tab.hide(),
  show: (tab) => tab.show(),
  "a moment": (_tab, _tabs, { clock }) => clock.advance(1_000),
  "a minute": (_tab, _tabs, { clock }) => clock.advance(MINUTE),
  "five minutes": (_tab, _tabs, { clock }) => clock.advance(5 * MINUTE),
};

Deno.test("createSharedConnection() delivers every event once and in order to each tab through any sequence of tab events", async () => {
  const action = fc.tuple(
    fc.constantFrom(...Object.keys(ACTIONS)),
    fc.nat({ max: 9 }),
    fc.nat({ max: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const test = await createTabs(2);
      const tabs = [...test.tabs];
      for (const [name, tabIndex, quotes] of actions) {
        const tab = tabs[tabIndex % tabs.length];
        if (tab) await ACTIONS[name]?.(tab, tabs, test);
        await test.quote(quotes);
      }
      for (const tab of tabs) {
        tab.thaw();
        tab.show();
      }
      await test.clock.advance(2 * MINUTE);
      await test.quote();
      const lastPrice = pricesOf(tabs[0] ?? test.first).at(-1);
      for (const tab of tabs) {
        const prices = pricesOf(tab);
        const [first = 0] = prices;
        assertEquals(prices, prices.map((_, index) => first + index));
        assertEquals(prices.at(-1), lastPrice);
      }
      assertEquals(test.server.connections, 1);
    }),
    { numRuns: propertyRuns(30) },
  );
});
