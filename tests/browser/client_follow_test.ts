import { assertEquals } from "@std/assert";
import { startShared } from "../e2e/fleet.ts";
import { openStreams } from "../support/health.ts";
import { startNumbers } from "../support/numbers.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest, openTab } from "./browser.ts";
import { faults, follow, NONE, ownComplaints, startPageServer } from "./client_page.ts";

/** The client's options of a page that follows the publisher's numbers. */
function numbersOf(url: string) {
  return { url, topics: ["events/alerts"], types: ["tick"] };
}

browserTest(
  "client shows a page of another origin what happens, and nothing complains",
  async () => {
    const settings = { ...PUBLISHER_SETTINGS, DEMO: "1", QUOTE_POLL_MS: "100" };
    await using server = await startServer(settings);
    await using pages = startPageServer();
    await using tab = await openTab();
    const { origin } = server;
    const options = { ...numbersOf(origin), topics: ["quotes", "events/alerts"] };
    const follower = await follow(tab.page, pages.urlOf({ modules: origin, options }));

    const { transport } = await follower.is("live");
    assertEquals(transport, "source");
    const publisher = startNumbers({ origin, channel: "alerts" });
    await follower.hears(20);
    await until("quotes", async () => (await follower.seen()).quotes > 3 || undefined);
    assertEquals(await faults(follower, publisher), NONE);
    assertEquals(await openStreams(origin), 1);
    assertEquals(tab.complaints, []);
  },
);

browserTest("client goes on where it was when its server is killed and started again", async () => {
  await using shared = await startShared();
  await using other = await startServer(shared.settings);
  await using first = await startServer(shared.settings);
  await using pages = startPageServer();
  await using tab = await openTab();
  const options = numbersOf(first.origin);
  const follower = await follow(tab.page, pages.urlOf({ modules: other.origin, options }));

  await follower.is("live");
  const publisher = startNumbers({ origin: other.origin, channel: "alerts" });
  await follower.hears(10);
  first.signal("SIGKILL");
  await first.exited;
  await follower.was("reconnecting");
  const heard = publisher.last;
  await until("numbers that nobody hears", () => publisher.last > heard + 20 || undefined);
  await using _second = await startServer({ ...shared.settings, PORT: String(first.port) });
  await follower.is("live");
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(ownComplaints(tab.complaints), []);
});
