import { assert, assertEquals } from "@std/assert";
import { openStream } from "../support/stream_client.ts";
import { numberOf } from "../support/numbers.ts";
import { openingAt, openingOf } from "../support/opening.ts";
import { compareIds } from "../support/order.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { GAP, parse, SYNC } from "../support/shapes.ts";

const RETAINED = 5;
const ALERTS = "/v1/events/alerts/stream";
const BOTH = "/v1/stream?topics=quotes,events/alerts";

Deno.test("a stream resumes where its cursor is valid, and starts anew where it is not", async (t) => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    DEMO: "1",
    QUOTE_POLL_MS: "100",
    LOG_RETAIN_EVENTS: String(RETAINED),
  });
  const { origin, port } = server;

  await t.step("an honoured cursor resumes without a snapshot", async () => {
    const first = await openingAt(port, BOTH);
    const second = await openingAt(port, BOTH, first.cursor);
    assertEquals(second.names, ["sync"]);
    assertEquals([second.sync.resumed, second.sync.gap], [true, false]);
    assertEquals(second.frames[0]?.id, first.cursor);
  });

  await t.step("the header wins over the query, and an empty header is none", async () => {
    const { cursor } = await openingAt(port, ALERTS);
    const both = await openingAt(port, `${ALERTS}?last_event_id=nonsense`, cursor);
    assertEquals(both.sync.resumed, true);
    using stream = await openStream(port, `${ALERTS}?lastEventId=${cursor}`, {
      headers: { "last-event-id": "" },
    });
    const [sync] = await openingOf(stream);
    assertEquals(parse(SYNC, sync?.data ?? "").resumed, true);
  });

  await t.step(
    "a foreign cursor is not honoured, and the log topic sends a gap",
    async () => {
      const id = await publish(origin, "alerts", "tick", { number: 0 });
      for (const cursor of ["nonsense", "1-1", "99999999999999-1"]) {
        const { frames, sync, names } = await openingAt(port, BOTH, cursor);
        assertEquals(names, ["sync", "gap", "snapshot"], `cursor ${cursor}`);
        assertEquals([sync.resumed, sync.gap], [false, true]);
        const gap = parse(GAP, frames[1]?.data ?? "");
        assertEquals([gap.topic, gap.after], ["events/alerts", null]);
        assert(gap.before !== null && compareIds(gap.before, id) <= 0);
      }
      const quotes = await openingAt(port, "/v1/quotes/stream", "nonsense");
      assertEquals(quotes.names, ["sync", "snapshot"]);
      assertEquals([quotes.sync.resumed, quotes.sync.gap], [false, false]);
    },
  );

  await t.step(
    "a gap is exact where the log has evicted events, and retained events follow",
    async () => {
      const { cursor } = await openingAt(port, ALERTS);
      for (let number = 1; number <= RETAINED + 3; number++) {
        await publish(origin, "alerts", "tick", { number });
      }
      using stream = await openStream(port, ALERTS, { cursor });
      const [sync, gap] = await openingOf(stream);
      const { resumed, gap: hasGap } = parse(SYNC, sync?.data ?? "");
      assertEquals([resumed, hasGap], [true, true]);
      const { after, before } = parse(GAP, gap?.data ?? "");
      const retained = await stream.nextOf("tick");
      assertEquals([after, before], [cursor, retained.id]);
      assertEquals(numberOf(retained), 4);
      for (let number = 5; number <= RETAINED + 3; number++) {
        assertEquals(numberOf(await stream.nextOf("tick")), number);
      }
    },
  );
});
