import { assertEquals } from "@std/assert";
import { startShared } from "../support/fleet.ts";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { openStream } from "../support/stream_client.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest } from "../support/programs.ts";
import { COUNTED, COUNTING, faults, NONE, numbersOf, startStage } from "./client_page.ts";

browserTest("client delivers events to a page of another origin", async () => {
  await using server = await startServer({ ...COUNTED, DEMO: "1", QUOTE_POLL_MS: "100" });
  await using stage = await startStage();
  const { origin } = server;
  const options = { ...numbersOf(origin), topics: ["quotes", "events/alerts"] };
  const follower = await stage.open({ modules: origin, options });

  await follower.is("live", { transport: "eventsource" });
  const publisher = startNumbers({ origin, ...COUNTING });
  await follower.receives(20);
  await until("quotes", async () => (await follower.seen()).quotes > 3 || undefined);
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(await openStreamCount(origin), 1);
  assertEquals(stage.complaints(), []);
});

browserTest("client resumes at its cursor when its server is killed and restarted", async () => {
  await using shared = await startShared(COUNTED);
  await using other = await startServer(shared.settings);
  await using first = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numbersOf(first.origin) });

  await follower.is("live");
  const publisher = startNumbers({ origin: other.origin, ...COUNTING });
  await follower.receives(10);
  first.signal("SIGKILL");
  await first.exited;
  await follower.was("reconnecting");
  const published = publisher.last;
  await until(
    "numbers published while disconnected",
    () => publisher.last > published + 20 || undefined,
  );
  await using _second = await startServer({ ...shared.settings, PORT: String(first.port) });
  await follower.is("live");
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(stage.complaints(), []);
});

browserTest("client moves to another server when its own drains", async () => {
  await using shared = await startShared(COUNTED);
  await using one = await startServer(shared.settings);
  await using other = await startServer(shared.settings);
  await using proxy = await startHoldingProxy(one.origin);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numbersOf(proxy.origin) });

  await follower.is("live");
  const publisher = startNumbers({ origin: other.origin, ...COUNTING });
  await follower.receives(10);
  proxy.target = other.origin;
  one.signal("SIGTERM");
  await one.exited;
  await untilOpen(other.origin, 1);
  await follower.is("live");
  await follower.receives(publisher.last + 20);
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(stage.complaints(), []);
});

browserTest("client waits for a busy server, and misses no event", async () => {
  await using shared = await startShared(COUNTED);
  await using first = await startServer(shared.settings);
  await using full = await startServer({ ...shared.settings, STREAMS_PER_ISOLATE: "1" });
  await using proxy = await startHoldingProxy(first.origin);
  await using stage = await startStage();
  const follower = await stage.open({
    modules: full.origin,
    options: numbersOf(proxy.origin),
    shorten: { fromMs: 4000, by: 10 }, // The server requests a delay of 5 to 30 s.
  });
  using slot = await openStream(full.port, "/v1/events/alerts/stream");

  await follower.is("live");
  const publisher = startNumbers({ origin: full.origin, ...COUNTING });
  await follower.receives(10);
  proxy.target = full.origin;
  first.signal("SIGKILL");
  await follower.was("busy");
  slot.hangUp();
  await follower.is("live");
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(stage.complaints(), []);
});

browserTest("client replaces a silent connection", async () => {
  await using shared = await startShared({ ...COUNTED, HEARTBEAT_MS: "400" });
  await using other = await startServer(shared.settings);
  await using mute = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numbersOf(mute.origin) });

  await follower.is("live");
  const publisher = startNumbers({ origin: other.origin, ...COUNTING });
  await follower.receives(10);
  try {
    mute.signal("SIGSTOP");
    await follower.was("stale");
  } finally {
    mute.signal("SIGCONT");
  }
  await follower.is("live");
  assertEquals(await faults(follower, publisher), NONE);
  await untilOpen(mute.origin, 1);
  assertEquals(stage.complaints(), []);
});

browserTest("client resumes at another server after setUrl()", async () => {
  await using shared = await startShared(COUNTED);
  await using one = await startServer(shared.settings);
  await using other = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numbersOf(one.origin) });

  await follower.is("live");
  const publisher = startNumbers({ origin: other.origin, ...COUNTING });
  await follower.receives(10);
  await follower.page.evaluate(`followed.feed.setUrl("${other.origin}")`);
  await untilOpen(other.origin, 1);
  await untilOpen(one.origin, 0);
  assertEquals(await faults(follower, publisher), NONE);
  assertEquals(stage.complaints(), []);
});
