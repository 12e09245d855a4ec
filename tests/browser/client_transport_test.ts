import { assertEquals } from "@std/assert";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { startCounting } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { browserTest } from "../support/programs.ts";
import { collectFaults, NO_FAULTS, NUMBER_SETTINGS, startStage } from "./client_page.ts";
import { publishArticle } from "./news_publisher.ts";

/** Publishes a number as the title of an article, because channels cannot be polled. */
function publishNumber(origin: string, number: number): Promise<string> {
  const url = `https://desk.test/${number}`;
  return publishArticle(origin, { title: `Number ${number}`, url, source: "us" });
}

browserTest(
  "client polls behind a proxy that blocks streams, and streams again when the proxy allows it",
  async () => {
    await using server = await startServer({ ...NUMBER_SETTINGS, DEMO: "1" });
    await using proxy = await startHoldingProxy(server.origin);
    await using stage = await startStage();
    proxy.isHolding = true;
    const follower = await stage.open({
      modules: server.origin,
      options: { url: proxy.origin, topics: ["news"] },
      pace: 5, // The client leaves a transport level after 20 s, and tries a better one after a minute.
    });

    await follower.waitFor("polling", { transport: "poll" });
    const publisher = startCounting((number) => publishNumber(server.origin, number), {
      everyMs: 50,
    });
    await follower.waitForNumber(20);
    proxy.isHolding = false;
    await follower.waitFor("live");
    await follower.waitForNumber(publisher.last + 20);
    assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
    assertEquals(proxy.streams, 1);
    assertEquals(stage.complaints(), []);
  },
);
