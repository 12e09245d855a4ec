import { assert, assertEquals } from "@std/assert";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { startCounting } from "../support/numbers.ts";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { browserTest } from "../support/programs.ts";
import { COUNTED, faults, NONE, startStage } from "./client_page.ts";

/** Posts an article, since channels cannot be polled. */
async function post(origin: string, number: number): Promise<void> {
  const article = { title: `Number ${number}`, url: `https://desk.test/${number}`, source: "us" };
  const answer = await fetch(`${origin}/v1/news`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${PUBLISH_TOKEN}` },
    body: JSON.stringify(article),
  });
  await answer.body?.cancel();
  assert(answer.status === 201, `POST answered ${answer.status}`);
}

browserTest(
  "client polls behind a proxy that blocks streams, and streams again when the proxy allows it",
  async () => {
    await using server = await startServer({ ...COUNTED, DEMO: "1" });
    await using proxy = await startHoldingProxy(server.origin);
    await using stage = await startStage();
    proxy.isHolding = true;
    const follower = await stage.open({
      modules: server.origin,
      options: { url: proxy.origin, topics: ["news"] },
      pace: 5, // The client leaves a transport level after 20 s, and tries a better one after a minute.
    });

    await follower.is("polling", { transport: "poll" });
    const publisher = startCounting((number) => post(server.origin, number), { everyMs: 50 });
    await follower.receives(20);
    proxy.isHolding = false;
    await follower.is("live");
    await follower.receives(publisher.last + 20);
    assertEquals(await faults(follower, publisher), NONE);
    assertEquals(proxy.streams, 1);
    assertEquals(stage.complaints(), []);
  },
);
