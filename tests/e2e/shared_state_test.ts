/** Two real servers on one real Redis: shared state, its cost, and an outage of the store. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { openStream } from "../support/stream_client.ts";
import { openStreamCount } from "../support/health.ts";
import { compareIds } from "../support/order.ts";
import { publish, PUBLISH_TOKEN } from "../support/publisher.ts";
import type { ServerProcess } from "../support/server_process.ts";
import { ID, parse, PROBLEM, QUOTES, QUOTES_ANSWER } from "../support/shapes.ts";
import { until } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { startFleet } from "../support/fleet.ts";

const STORE = z.object({
  store: z.object({ kind: z.literal("redis"), is_up: z.boolean(), commands: z.int() }),
});

const HISTORY = z.object({ bars: z.array(z.array(z.unknown())) });

const SETTINGS = {
  DEMO: "1",
  QUOTE_POLL_MS: "500",
  HEARTBEAT_MS: "300",
};

async function storeOf({ origin }: ServerProcess) {
  return parse(STORE, await (await fetch(`${origin}/health`)).text()).store;
}

async function statusOf({ origin }: ServerProcess, path: string): Promise<number> {
  const answer = await fetch(origin + path);
  await answer.body?.cancel();
  return answer.status;
}

redisTest(
  "two servers on one Redis are one: one asks, both deliver the same, and viewers cost nothing",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other, standIn } = fleet;
    assertEquals([await storeOf(one), await storeOf(other)], [
      { kind: "redis", is_up: true, commands: 0 },
      { kind: "redis", is_up: true, commands: 0 },
    ]);

    const path = "/v1/stream?topics=quotes,events/alerts";
    using left = await openStream(one.port, path);
    using right = await openStream(other.port, path);
    for (const stream of [left, right]) await stream.nextOf("snapshot");
    const quotes = [await left.nextOf("quote"), await right.nextOf("quote")];
    const later = compareIds(quotes[0]?.id ?? "", quotes[1]?.id ?? "") < 0 ? right : left;
    const [early, late] = later === right ? [quotes[0], quotes[1]] : [quotes[1], quotes[0]];
    // What one has seen the other has seen or sees yet: the very same bytes.
    let seen = early;
    while (seen && compareIds(seen.id ?? "", late?.id ?? "") < 0) {
      seen = await (later === right ? left : right).nextOf("quote");
    }
    assertEquals([seen?.id, seen?.data], [late?.id, late?.data]);

    const id = await publish(other.origin, "alerts", "tick", { number: 1 });
    for (const stream of [left, right]) assertEquals((await stream.nextOf("tick")).id, id);

    const leads = ({ output }: ServerProcess) => output().includes(`"Coinbase is live"`);
    assertEquals([one, other].filter(leads).length, 1, "one asks the providers");

    assertEquals(standIn.stats().subscriptions, 2, "one a server");
  },
);

redisTest(
  "a server without viewers costs no commands, and neither does one more viewer",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, standIn } = fleet;
    assertEquals((await standIn.commandsAtRedis()).total, 0);
    const path = "/v1/events/alerts/stream";
    using first = await openStream(one.port, path);
    await first.nextOf("sync");
    const opened = (await storeOf(one)).commands;
    assertEquals(
      (await standIn.commandsAtRedis()).total,
      opened,
      "what /health says is what Redis did",
    );

    await standIn.resetCommands();
    const viewers = await Promise.all(Array.from({ length: 20 }, () => openStream(one.port, path)));
    for (const viewer of viewers) await viewer.nextOf("heartbeat");
    assertEquals([await storeOf(one), (await standIn.commandsAtRedis()).total], [
      { kind: "redis", is_up: true, commands: opened },
      0,
    ]);
    for (const viewer of viewers) viewer.hangUp();
  },
);

redisTest(
  "while Redis is unavailable streams stay open and new ones open, no publication is partial, and all resumes on recovery",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { redis, one, other } = fleet;
    const path = "/v1/stream?topics=quotes,events/alerts";
    using stream = await openStream(one.port, path);
    await stream.nextOf("quote");
    const before = await publish(other.origin, "alerts", "tick", { number: 1 });
    assertEquals((await stream.nextOf("tick")).id, before);

    await redis.kill();
    await until("503 of /ready", async () => await statusOf(one, "/ready") === 503 || undefined);
    assertEquals((await storeOf(one)).is_up, false);
    const refused = await fetch(`${one.origin}/v1/events/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${PUBLISH_TOKEN}` },
      body: JSON.stringify({ type: "tick", data: { number: 0 } }),
    });
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    assertEquals(parse(PROBLEM, await refused.text()).code, "store_away");

    // A new stream opens without waiting, without a position, and receives the quotes that this server fetches for itself.
    using fresh = await openStream(one.port, "/v1/quotes/stream");
    const snapshot = await fresh.nextOf("snapshot");
    assertEquals(snapshot.id, null);
    assert(parse(QUOTES, snapshot.data).quotes.length > 0);
    using back = await openStream(one.port, "/v1/events/alerts/stream", { cursor: before });
    const sync = await back.nextOf("sync");
    assertEquals([sync.id, JSON.parse(sync.data).resumed], [null, true]);
    // Quotes of the time before the outage may still be on their way.
    await until("a quote without an id", async () => {
      return (await stream.nextOf("quote")).id === null || undefined;
    });
    const answer = await (await fetch(`${one.origin}/v1/quotes`)).text();
    assertEquals(parse(QUOTES_ANSWER, answer).cursor, null);
    assert(await openStreamCount(one.origin) >= 3);

    await redis.restart();
    await until(
      "a server that is ready",
      async () => await statusOf(other, "/ready") === 200 || undefined,
    );
    const after = await until("a publication that is taken", async () => {
      try {
        return await publish(other.origin, "alerts", "tick", { number: 2 });
      } catch {
        return undefined;
      }
    });
    for (const each of [stream, back]) assertEquals((await each.nextOf("tick")).id, after);
    const logged = await until("a quote with an id", async () => {
      const { id } = await fresh.nextOf("quote");
      return id ?? undefined;
    });
    assert(ID.safeParse(logged).success);
  },
);

redisTest(
  "two servers on one Redis share histories: one asks the provider, both serve its bars",
  async () => {
    await using fleet = await startFleet(SETTINGS);
    const { one, other } = fleet;
    const barsOf = async ({ origin }: ServerProcess) => {
      const answer = await fetch(`${origin}/v1/quotes/BTC-USD/history?range=1y`);
      return parse(HISTORY, await answer.text()).bars.slice(0, -1);
    };
    const bars = await barsOf(one);
    assert(bars.length > 300, `${bars.length} bars`);
    assertEquals(await barsOf(other), bars);
    const metrics = await (await fetch(`${other.origin}/metrics`)).text();
    assertEquals(/^edgetape_provider_calls_total.*"coinbase".* [1-9]/m.test(metrics), false);
  },
);
