import { assertEquals } from "@std/assert";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { browserTest } from "../support/programs.ts";
import { COUNTED, COUNTING, faults, NONE, numbersOf, startStage } from "./client_page.ts";

browserTest(
  "client shares one connection between two tabs, and the second resumes when the first is closed",
  async () => {
    await using server = await startServer(COUNTED);
    await using stage = await startStage();
    const { origin } = server;
    const setup = { modules: origin, options: numbersOf(origin) };
    const one = await stage.open(setup);
    await one.is("live", { isShared: false });
    const other = await stage.open(setup);
    await other.is("live", { isShared: true });

    const publisher = startNumbers({ origin, ...COUNTING });
    await Promise.all([one.receives(20), other.receives(20)]);
    assertEquals(await openStreamCount(origin), 1);
    await one.page.close();
    await other.is("live", { isShared: false });
    await other.receives(publisher.last + 20);
    assertEquals(await faults(other, publisher), NONE);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);

browserTest("client opens a separate connection for another `share` string", async () => {
  await using server = await startServer(COUNTED);
  await using stage = await startStage();
  const { origin } = server;
  for (const share of ["ann", "ben", false]) {
    const follower = await stage.open({
      modules: origin,
      options: { ...numbersOf(origin), share },
    });
    await follower.is("live", { isShared: false });
  }
  await untilOpen(origin, 3);
});
