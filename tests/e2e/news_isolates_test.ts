/** Two isolates with one Redis: news of one is news of both. */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../lib/core/clock.ts";
import { readConfig } from "../../lib/core/config.ts";
import { createServices } from "../../lib/services.ts";
import { createApp } from "../../routes/app.ts";
import { type Client, createClient } from "../hub/support.ts";
import { articleEvents, NEWS_BODY, story } from "../routes/news_support.ts";
import { requesterOf, TOKEN } from "../routes/support.ts";
import { type Database, startDatabase } from "../store/redis/support.ts";
import { until } from "../support/within.ts";
import { rss } from "../topics/news/support.ts";
import { redisTest } from "../support/programs.ts";
import { refuseConnection } from "../support/refuse_connection.ts";

const FEED = "https://feed.example.com/";

/** The articles of the feed, which each isolate fetches for itself. */
interface Feed {
  xml: string;
  /** Answers in the place of `xml`. */
  readonly respond?: (url: URL) => Response;
}

/** One isolate over a database. @param feeds The URLs of its feeds. */
function createIsolate({ standIn }: Database, feed: Feed, feeds: readonly string[] = [FEED]) {
  let polls = 0;
  const silent = () => {};
  const config = readConfig({
    UPSTASH_REDIS_REST_URL: standIn.url,
    UPSTASH_REDIS_REST_TOKEN: standIn.token,
    PUBLISH_TOKEN: TOKEN,
    NEWS_FEEDS: feeds.join(),
    NEWS_POLL_MS: "1000",
  });
  const runtime = {
    clock: systemClock,
    random: Math.random,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    fetch: (url: URL) => (polls++, Promise.resolve(feed.respond?.(url) ?? new Response(feed.xml))),
    resolve: () => Promise.resolve(["192.0.32.8"]),
    connect: refuseConnection,
    readAsset: () => Promise.reject(new Error("there is no such file")),
  };
  const services = createServices(config, runtime, {
    version: "0.0.0",
    fetch: (url, init) => fetch(url, init),
  });
  const app = requesterOf(createApp(services));
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

  async function write(method: string, path: string, body?: unknown) {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await app.request(path, { method, headers, ...init });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  return {
    services,
    write,
    polls: () => polls,
    post: (n: number) => write("POST", "/v1/news", story(n)),
    async list(query = "") {
      return NEWS_BODY.parse(await (await app.request(`/v1/news${query}`)).json());
    },
    async follow(query = ""): Promise<Client> {
      const { body } = await app.request(`/v1/news/stream${query}`);
      assert(body);
      return createClient(body).live();
    },
    [Symbol.asyncDispose]: () => services.close(),
  };
}

/** Two isolates. */
async function startTwo() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await startDatabase());
  const feed = { xml: rss("") };
  const one = stack.use(createIsolate(database, feed));
  const two = stack.use(createIsolate(database, feed));
  const owned = stack.move();
  return { database, feed, one, two, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Waits until a client has received an event. @returns All events of articles that it has received. */
function receivedBy(client: Client, last: string): Promise<string[]> {
  return until(
    last,
    () => articleEvents(client).includes(last) ? articleEvents(client) : undefined,
  );
}

redisTest("news posted on one isolate is printed by the streams of both", async () => {
  await using fleet = await startTwo();
  const { one, two } = fleet;
  const tabs = [await one.follow(), await two.follow(), await two.follow("?source=desk")];
  const { status, body } = await one.post(1);
  assertEquals(status, 201);
  for (const tab of tabs) {
    assertEquals(await receivedBy(tab, "article Story 1"), ["article Story 1"]);
    assertEquals(tab.dataOf("article"), [body]);
    await tab.hangUp();
  }
  // The other one knows it, though it did not publish it.
  assertEquals(await two.post(1), { status: 200, body });
  assertEquals((await two.write("DELETE", `/v1/news/${body.id}`)).status, 204);
  assertEquals((await one.write("PATCH", `/v1/news/${body.id}`, { title: "x" })).status, 404);
  assertEquals((await one.post(1)).status, 409);
});

redisTest(
  "two isolates that are sent the same link at the same time have one article of it",
  async () => {
    await using fleet = await startTwo();
    const { one, two } = fleet;
    await using tab = await one.follow();
    const count = 20;
    for (let n = 1; n <= count; n++) {
      const [a, b] = await Promise.all([one.post(n), two.post(n)]);
      assertEquals([a.status, b.status].sort(), [200, 201]);
      assertEquals(a.body, b.body);
    }
    const stories = Array.from({ length: count }, (_, n) => `article Story ${n + 1}`);
    assertEquals(await receivedBy(tab, `article Story ${count}`), stories);
  },
);

redisTest(
  "an article that is corrected on one isolate while another takes it back is in no replay",
  async () => {
    await using fleet = await startTwo();
    const { one, two } = fleet;
    const cursor = (await one.list()).cursor;
    const ids: string[] = [];
    for (let n = 1; n <= 20; n++) {
      const { id } = (await one.post(n)).body;
      ids.push(id);
      const path = `/v1/news/${id}`;
      const [, gone] = await Promise.all([
        one.write("PATCH", path, { title: "Too late" }),
        two.write("DELETE", path),
      ]);
      assertEquals(gone.status, 204);
    }
    await one.post(21);
    await using tab = await two.follow(`?last_event_id=${cursor}`);
    const received = await receivedBy(tab, "article Story 21");
    assertEquals(received.filter((each) => !each.startsWith("article.retracted")), [
      "article Story 21",
    ]);
    for (const id of ids) assert(received.includes(`article.retracted ${id}`));
  },
);

redisTest(
  "one isolate of two asks the feeds, and where it goes the other goes on where it was",
  async () => {
    await using fleet = await startTwo();
    const { one, two, feed } = fleet;
    const show = (n: number) => {
      feed.xml = rss(`<item><title>Feed ${n}</title><link>${FEED}${n}</link></item>`);
    };
    show(1);
    const tab = await one.follow();
    await receivedBy(tab, "article Feed 1");
    await using other = await two.follow();
    show(2);
    assertEquals(await receivedBy(other, "article Feed 2"), ["article Feed 2"]);
    assert(one.polls() >= 2);
    assertEquals(two.polls(), 0);
    assertEquals((await two.list()).feeds.map(({ state }) => state), ["ok"]);

    await one.services.drain();
    const asked = one.polls();
    show(3);
    assertEquals(await receivedBy(other, "article Feed 3"), ["article Feed 2", "article Feed 3"]);
    assert(two.polls() >= 1);
    assertEquals(one.polls(), asked);
  },
);

redisTest(
  "while the store is unavailable a list has the known articles, and no article is ingested",
  async () => {
    await using fleet = await startTwo();
    const { one, database: { standIn: { faults } } } = fleet;
    await one.post(1);
    await using tab = await one.follow();
    assertEquals((await one.list()).articles.length, 1);
    faults.refuse("html");
    faults.breakSubscriptions();
    const refused = await one.post(2);
    assertEquals([refused.status, refused.body.code], [503, "store_away"]);
    const { articles, cursor } = await one.list();
    assertEquals([articles.map(({ title }) => title), cursor], [["Story 1"], null]);
    const after = await one.list("?after=1-1");
    assertEquals([after.cursor, after.gap], [null, false]);
    faults.refuse(null);
    await until("the store", async () => (await one.post(3)).status === 201 || undefined);
    assertEquals(await receivedBy(tab, "article Story 3"), ["article Story 3"]);
  },
);

redisTest(
  "three isolates that lead in turn lose and repeat no article of feeds that fail in turn",
  async () => {
    await using database = await startDatabase();
    const hosts = ["a", "b", "c", "d"].map((name) => `https://${name}.example.com/`);
    /** The number of stories that each feed shows, and the feed that fails. */
    const state = { shown: 0, failing: "" };
    const feed: Feed = {
      xml: "",
      respond({ href }) {
        if (href === state.failing) return new Response("Busy", { status: 503 });
        const items = Array.from({ length: Math.min(state.shown, 8) }, (_, n) => {
          const story = state.shown - n;
          return `<item><title>${href} ${story}</title><guid>${story}</guid>` +
            `<link>${href}${story}</link></item>`;
        });
        return new Response(rss(items.join("")));
      },
    };
    const isolates = [1, 2, 3].map(() => createIsolate(database, feed, hosts));
    await using stack = new AsyncDisposableStack();
    isolates.forEach((isolate) => stack.use(isolate));
    const watcher = isolates[2];
    assert(watcher);
    // The last isolate has the reader. Each of the others has a second one until it ends.
    const tabs = await Promise.all(isolates.map((isolate) => isolate.follow()));
    const [first, second, tab] = tabs;
    assert(first && second && tab);
    const seen = (story: number) =>
      until(`story ${story} of every feed`, () => {
        const titles = articleEvents(tab);
        return hosts.every((host) => titles.includes(`article ${host} ${story}`)) || undefined;
      });
    for (const [round, failing] of hosts.entries()) {
      state.failing = failing;
      state.shown += 2;
      const healthy = hosts.find((host) => host !== failing);
      await until(
        "a feed that does not fail",
        () => articleEvents(tab).includes(`article ${healthy} ${state.shown}`) || undefined,
      );
      state.failing = "";
      await seen(state.shown);
      if (round === 0) await isolates[0]?.services.drain();
      if (round === 2) await isolates[1]?.services.drain();
    }
    const expected = hosts.flatMap((host) =>
      Array.from({ length: state.shown }, (_, n) => `article ${host} ${n + 1}`)
    );
    assertEquals(articleEvents(tab).toSorted(), expected.toSorted());
    const { articles } = await watcher.list("?limit=200");
    assertEquals(articles.map(({ title }) => `article ${title}`).toSorted(), expected.toSorted());
    for (const each of tabs) await each.hangUp();
  },
);
