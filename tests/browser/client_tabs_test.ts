import { assertEquals } from "@std/assert";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { browserTest } from "../support/programs.ts";
import {
  collectFaults,
  NO_FAULTS,
  NUMBER_PUBLISHER,
  NUMBER_SETTINGS,
  numberOptions,
  startStage,
} from "./client_page.ts";

browserTest(
  "client shares one connection between two tabs, and the second resumes when the first is closed",
  async () => {
    await using server = await startServer(NUMBER_SETTINGS);
    await using stage = await startStage();
    const { origin } = server;
    const setup = { modules: origin, options: numberOptions(origin) };
    const one = await stage.open(setup);
    await one.waitFor("live", { isShared: false });
    const other = await stage.open(setup);
    await other.waitFor("live", { isShared: true });

    const publisher = startNumbers({ origin, ...NUMBER_PUBLISHER });
    await Promise.all([one.waitForNumber(20), other.waitForNumber(20)]);
    assertEquals(await openStreamCount(origin), 1);
    await one.page.close();
    await other.waitFor("live", { isShared: false });
    await other.waitForNumber(publisher.last + 20);
    assertEquals(await collectFaults(other, publisher), NO_FAULTS);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);

browserTest("client opens a separate connection for another `share` string", async () => {
  await using server = await startServer(NUMBER_SETTINGS);
  await using stage = await startStage();
  const { origin } = server;
  for (const share of ["ann", "ben", false]) {
    const follower = await stage.open({
      modules: origin,
      options: { ...numberOptions(origin), share },
    });
    await follower.waitFor("live", { isShared: false });
  }
  await untilOpen(origin, 3);
});
