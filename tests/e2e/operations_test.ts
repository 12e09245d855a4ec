/** Operations on real servers: the guide's session, a server that dies in the middle, and all of them dead. */
import { assert, assertEquals } from "@std/assert";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import {
  createOperation,
  OPERATION,
  readOperation,
  reportOperation,
} from "../support/operations.ts";
import { OF_PUBLISHER } from "../support/publisher.ts";
import { GUIDE_SETTINGS, runShells, typesIn } from "../support/guides.ts";
import { startServer } from "../support/server_process.ts";
import { parse } from "../support/shapes.ts";
import { until } from "../support/within.ts";
import { redisTest } from "../support/programs.ts";
import { startShared } from "../support/fleet.ts";

Deno.test("the guide's session begins an operation, follows it, reports, and sees it end", async () => {
  await using server = await startServer(GUIDE_SETTINGS);
  const text = await runShells("operations", "operation", server);
  assertEquals(typesIn(text), ["sync", "progress", "progress", "completed", "bye"]);
  assert(text.includes(`"result":{"url":"https://example.com/export.zip"}`), text);
});

/** The progress of the next event, or how it ended. */
async function nextOf(stream: StreamClient): Promise<number | string | null> {
  for (;;) {
    const frame = await stream.next();
    assert(frame !== null, "the stream ended");
    if (frame.event === "progress") return parse(OPERATION, frame.data).progress;
    if (["completed", "expired"].includes(frame.event)) return frame.event;
  }
}

redisTest(
  "a client whose server is killed goes on at another one, and misses nothing",
  async () => {
    await using shared = await startShared();
    await using one = await startServer(shared.settings);
    await using other = await startServer(shared.settings);
    const path = await createOperation(one.origin);
    using stream = await openStream(one.port, `${path}/stream`, { headers: OF_PUBLISHER });
    assertEquals(await nextOf(stream), null);
    await reportOperation(other.origin, path, { progress: 0.25 });
    assertEquals(await nextOf(stream), 0.25);

    one.signal("SIGKILL");
    await one.exited;
    await reportOperation(other.origin, path, { progress: 0.5 });
    await reportOperation(other.origin, path, { progress: 0.75 });
    const back = { headers: OF_PUBLISHER, cursor: stream.lastEventId };
    using resumed = await openStream(other.port, `${path}/stream`, back);
    assertEquals([await nextOf(resumed), await nextOf(resumed)], [0.5, 0.75]);
    await reportOperation(other.origin, path, { state: "completed" });
    assertEquals(await nextOf(resumed), "completed");
    assertEquals((await resumed.rest()).map(({ event }) => event), ["bye"]);
    const again = { headers: OF_PUBLISHER, cursor: resumed.lastEventId };
    using nothing = await openStream(other.port, `${path}/stream`, again);
    assertEquals(nothing.status, 204);
  },
);

redisTest(
  "an operation expires though every server was restarted meanwhile, once for all its streams",
  async () => {
    await using shared = await startShared();
    let path = "", unseen = "";
    {
      await using first = await startServer(shared.settings);
      await using second = await startServer(shared.settings);
      path = await createOperation(first.origin, { ttl_s: 4 });
      unseen = await createOperation(second.origin, { ttl_s: 1 });
      first.signal("SIGKILL");
      second.signal("SIGKILL");
      await Promise.all([first.exited, second.exited]);
    }
    await using one = await startServer(shared.settings);
    await using other = await startServer(shared.settings);
    await until(
      "its end",
      async () => (await readOperation(other.origin, unseen)).state === "expired" || undefined,
    );

    const streams = await Promise.all(
      [one, other].map(({ port }) => openStream(port, `${path}/stream`, { headers: OF_PUBLISHER })),
    );
    for (const stream of streams) {
      const types = (await stream.rest()).map(({ event }) => event);
      assertEquals(types.filter((each) => each === "expired").length, 1);
      assertEquals(types.slice(-2), ["expired", "bye"]);
      stream.hangUp();
    }
  },
);
