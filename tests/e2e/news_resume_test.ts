/** A stream of news that is cut off, while articles are posted, corrected and taken back. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { openStream } from "../support/stream_client.ts";
import { createOrderWatch } from "../support/order.ts";
import { print } from "../support/print.ts";
import { PUBLISH_TOKEN, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { createSeeded, type Seeded } from "../support/seeded.ts";
import { startServer } from "../support/server_process.ts";
import { parse, SYNC } from "../support/shapes.ts";
import { PATIENCE_MS, pause, until } from "../support/within.ts";

const HANG_UPS = 50;

/** As many as a list shows. */
const MAX_PUBLISHED = 200;

/** In the demo its feeds publish too. */
const SETTINGS = { ...PUBLISHER_SETTINGS, DEMO: "1", NEWS_POLL_MS: "200", HEARTBEAT_MS: "300" };

const ARTICLE = z.object({ id: z.string(), title: z.string(), updated_at: z.string().nullable() });
const LIST = z.object({ articles: z.array(ARTICLE) });
const RETRACTION = z.object({ id: z.string() });

/** Posts, corrects and takes back, one after the other. @param isTooFar Whether to wait for the reader. */
function startPublisher(origin: string, random: Seeded, isTooFar: (count: number) => boolean) {
  const published: string[] = [];
  let isStopped = false;
  let count = 0;

  async function send(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await fetch(`${origin}/v1/news${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${PUBLISH_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert(answer.ok, `${method} ${path} ${answer.status} ${text}`);
    return text;
  }

  async function work(): Promise<void> {
    while (!isStopped) {
      if (isTooFar(count)) {
        await pause(1);
        continue;
      }
      count++;
      const at = random.below(published.length || 1);
      const id = published[at];
      if (id !== undefined && (published.length > MAX_PUBLISHED / 2 || random.chance(0.2))) {
        published.splice(at, 1);
        await send("DELETE", `/${id}`);
      } else if (id !== undefined && random.chance(0.4)) {
        await send("PATCH", `/${id}`, { title: `Corrected ${count}` });
      } else {
        const summary = "ü".repeat(random.below(400));
        const url = `https://desk.example.com/${count}`;
        const article = { title: `Posted ${count}`, url, source: "us", summary };
        published.push(parse(ARTICLE, await send("POST", "", article)).id);
      }
    }
  }

  const working = work();
  return {
    async stop(): Promise<void> {
      isStopped = true;
      await working;
    },
  };
}

Deno.test("a stream of news that is cut off 50 times has each article once, and ends as the list is", async () => {
  const random = createSeeded("news resume");
  await using server = await startServer(SETTINGS);
  const { origin, port } = server;
  const articles = new Map<string, z.infer<typeof ARTICLE>>();
  const begun = new Set<string>();
  let [cursor, frames] = ["", 0];

  function take(event: string, data: string): void {
    if (!event.startsWith("article")) return;
    frames++;
    if (event === "article.retracted") {
      articles.delete(parse(RETRACTION, data).id);
      return;
    }
    const article = parse(ARTICLE, data);
    const before = articles.get(article.id);
    if (event === "article") {
      assert(!begun.has(article.id), `twice: ${article.title}`);
      begun.add(article.id);
    } else {
      assert(before, `${article.title} was corrected before it came`);
      assert(JSON.stringify(before) !== JSON.stringify(article), `twice: ${article.title}`);
    }
    articles.set(article.id, article);
  }

  async function follow(cutAfter: number, isEnough: () => boolean): Promise<void> {
    const isResumed = cursor !== "";
    using stream = await openStream(port, "/v1/news/stream", { cursor, cutAfter });
    const watch = createOrderWatch();
    const deadline = performance.now() + PATIENCE_MS;
    while (!isEnough()) {
      assert(performance.now() < deadline, `it hangs at ${cursor}`);
      const frame = await stream.next();
      if (frame === null) return;
      watch(frame.id);
      assert(frame.event !== "gap" && frame.event !== "bye", `${frame.event} ${frame.data}`);
      if (frame.event === "sync") {
        const { resumed, gap } = parse(SYNC, frame.data);
        assertEquals({ resumed, gap }, { resumed: isResumed, gap: false });
      }
      take(frame.event, frame.data);
      if (frame.lastEventId !== "") cursor = frame.lastEventId;
    }
  }

  await follow(Infinity, () => cursor !== "");
  const publisher = startPublisher(origin, random, (count) => count - frames > 200);
  for (let count = 0; count < HANG_UPS; count++) {
    await follow(random.below(random.chance(0.5) ? 700 : 20_000), () => false);
  }
  await publisher.stop();

  const list = async () => {
    const answer = await fetch(`${origin}/v1/news?limit=${MAX_PUBLISHED}`);
    return parse(LIST, await answer.text()).articles;
  };
  let isSame = false;
  const reading = follow(Infinity, () => isSame);
  // The demo's feeds go on: the list and the stream are the same at some moment.
  await until("the articles of the list", async () => {
    const shown = await list();
    isSame = shown.every((article) =>
      JSON.stringify(articles.get(article.id)) === JSON.stringify(article)
    ) && shown.length >= articles.size;
    return isSame || undefined;
  });
  await reading;
  assert(begun.size > 100);
  print(`${begun.size} articles in ${frames} events over ${HANG_UPS} hang-ups, each event once`);
});
