import { assertEquals } from "@std/assert";
import { startShared } from "../support/fleet.ts";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { openStream } from "../support/stream_client.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest } from "../support/programs.ts";
import {
  collectFaults,
  NO_FAULTS,
  NUMBER_PUBLISHER,
  NUMBER_SETTINGS,
  numberOptions,
  startStage,
} from "./client_page.ts";

browserTest("client delivers events to a page of another origin", async () => {
  await using server = await startServer({ ...NUMBER_SETTINGS, DEMO: "1", QUOTE_POLL_MS: "100" });
  await using stage = await startStage();
  const { origin } = server;
  const options = { ...numberOptions(origin), topics: ["quotes", "events/alerts"] };
  const follower = await stage.open({ modules: origin, options });

  await follower.waitFor("live", { transport: "eventsource" });
  const publisher = startNumbers({ origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(20);
  await until("quotes", async () => (await follower.readRecord()).quotes > 3 || undefined);
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  assertEquals(await openStreamCount(origin), 1);
  assertEquals(stage.complaints(), []);
});

browserTest("client resumes at its cursor when its server is killed and restarted", async () => {
  await using shared = await startShared(NUMBER_SETTINGS);
  await using other = await startServer(shared.settings);
  await using first = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({
    modules: other.origin,
    options: numberOptions(first.origin),
  });

  await follower.waitFor("live");
  const publisher = startNumbers({ origin: other.origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(10);
  first.signal("SIGKILL");
  await first.exited;
  await follower.waitForPast("reconnecting");
  const published = publisher.last;
  await until(
    "numbers published while disconnected",
    () => publisher.last > published + 20 || undefined,
  );
  await using _second = await startServer({ ...shared.settings, PORT: String(first.port) });
  await follower.waitFor("live");
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  assertEquals(stage.complaints(), []);
});

browserTest("client moves to another server when its own drains", async () => {
  await using shared = await startShared(NUMBER_SETTINGS);
  await using one = await startServer(shared.settings);
  await using other = await startServer(shared.settings);
  await using proxy = await startHoldingProxy(one.origin);
  await using stage = await startStage();
  const follower = await stage.open({
    modules: other.origin,
    options: numberOptions(proxy.origin),
  });

  await follower.waitFor("live");
  const publisher = startNumbers({ origin: other.origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(10);
  proxy.target = other.origin;
  one.signal("SIGTERM");
  await one.exited;
  await untilOpen(other.origin, 1);
  await follower.waitFor("live");
  await follower.waitForNumber(publisher.last + 20);
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  assertEquals(stage.complaints(), []);
});

browserTest("client waits for a busy server, and misses no event", async () => {
  await using shared = await startShared(NUMBER_SETTINGS);
  await using first = await startServer(shared.settings);
  await using full = await startServer({ ...shared.settings, STREAMS_PER_ISOLATE: "1" });
  await using proxy = await startHoldingProxy(first.origin);
  await using stage = await startStage();
  const follower = await stage.open({
    modules: full.origin,
    options: numberOptions(proxy.origin),
    shorten: { fromMs: 4000, by: 10 }, // The server requests a delay of 5 to 30 s.
  });
  using slot = await openStream(full.port, "/v1/events/alerts/stream");

  await follower.waitFor("live");
  const publisher = startNumbers({ origin: full.origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(10);
  proxy.target = full.origin;
  first.signal("SIGKILL");
  await follower.waitForPast("busy");
  slot.hangUp();
  await follower.waitFor("live");
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  assertEquals(stage.complaints(), []);
});

browserTest("client replaces a silent connection", async () => {
  await using shared = await startShared({ ...NUMBER_SETTINGS, HEARTBEAT_MS: "400" });
  await using other = await startServer(shared.settings);
  await using mute = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numberOptions(mute.origin) });

  await follower.waitFor("live");
  const publisher = startNumbers({ origin: other.origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(10);
  try {
    mute.signal("SIGSTOP");
    await follower.waitForPast("stale");
  } finally {
    mute.signal("SIGCONT");
  }
  await follower.waitFor("live");
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  await untilOpen(mute.origin, 1);
  assertEquals(stage.complaints(), []);
});

browserTest("client resumes at another server after setUrl()", async () => {
  await using shared = await startShared(NUMBER_SETTINGS);
  await using one = await startServer(shared.settings);
  await using other = await startServer(shared.settings);
  await using stage = await startStage();
  const follower = await stage.open({ modules: other.origin, options: numberOptions(one.origin) });

  await follower.waitFor("live");
  const publisher = startNumbers({ origin: other.origin, ...NUMBER_PUBLISHER });
  await follower.waitForNumber(10);
  await follower.page.evaluate(`followed.feed.setUrl("${other.origin}")`);
  await untilOpen(other.origin, 1);
  await untilOpen(one.origin, 0);
  assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
  assertEquals(stage.complaints(), []);
});
