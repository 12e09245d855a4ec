import { assert, assertEquals } from "@std/assert";
import { openStream } from "../support/stream_client.ts";
import type { ReceivedFrame } from "../support/frames.ts";
import { numberOf, startNumbers } from "../support/numbers.ts";
import { createOrderWatch } from "../support/order.ts";
import { print } from "../support/print.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { createSeeded, type Seeded } from "../support/seeded.ts";
import { startServer } from "../support/server_process.ts";
import { parse, QUOTE, QUOTES, QUOTES_ANSWER, SYNC } from "../support/shapes.ts";
import { PATIENCE_MS, until } from "../support/within.ts";

const HANG_UPS = 50;
const SETTINGS = { ...PUBLISHER_SETTINGS, LOG_RETAIN_EVENTS: "100000", HEARTBEAT_MS: "500" };
/** More events of about 400 bytes than a window holds, so that the oldest are read from the log. */
const FAR_BEHIND = 4000;

/** A client that is cut off and comes back with the last id it dispatched. */
function createClient(port: number, path: string, random: Seeded) {
  const numbers: number[] = [];
  const prices = new Map<string, string>();
  let cursor = "";

  function takeQuotes(frame: ReceivedFrame, isResumed: boolean): void {
    if (frame.event === "snapshot") {
      assert(!isResumed, "a snapshot came although the cursor was honoured");
      for (const { symbol, price } of parse(QUOTES, frame.data).quotes) prices.set(symbol, price);
    }
    if (frame.event === "quote") {
      const { symbol, price } = parse(QUOTE, frame.data);
      prices.set(symbol, price);
    }
  }

  function check(frame: ReceivedFrame, isResumed: boolean): void {
    assert(frame.event !== "gap" && frame.event !== "bye", `${frame.event} ${frame.data}`);
    if (frame.event === "sync") {
      const { resumed, gap } = parse(SYNC, frame.data);
      assertEquals({ resumed, gap }, { resumed: isResumed, gap: false }, `cursor ${cursor}`);
    }
    takeQuotes(frame, isResumed);
    const number = numberOf(frame);
    if (number === undefined) return;
    assertEquals(number, (numbers.at(-1) ?? 0) + 1, `after cursor ${cursor}`);
    numbers.push(number);
  }

  /** Follows one connection, until `isEnough` or the cut. */
  async function follow(cutAfter: number, isEnough: () => boolean): Promise<void> {
    const isResumed = cursor !== "";
    const inQuery = isResumed && random.chance(0.3);
    const query = `${path.includes("?") ? "&" : "?"}last_event_id=${cursor}`;
    using stream = await openStream(port, inQuery ? path + query : path, {
      cursor: inQuery ? "" : cursor,
      cutAfter,
    });
    const watch = createOrderWatch();
    const deadline = performance.now() + PATIENCE_MS;
    while (!isEnough()) {
      assert(performance.now() < deadline, `${path} hangs at ${cursor}, number ${numbers.at(-1)}`);
      const frame = await stream.next();
      if (frame === null) return;
      watch(frame.id);
      check(frame, isResumed);
      if (frame.lastEventId !== "") cursor = frame.lastEventId;
    }
  }

  return {
    numbers,
    prices,
    follow,
    get cursor() {
      return cursor;
    },
    get last() {
      return numbers.at(-1) ?? 0;
    },
  };
}

/** Cuts a client off many times while numbers are published: it has all of them in the end. */
async function cutOffOften(origin: string, port: number, path: string, random: Seeded) {
  const client = createClient(port, path, random);
  await client.follow(Infinity, () => client.cursor !== "");
  let lead = 300;
  const publisher = startNumbers({
    origin,
    channel: "alerts",
    padding: () => random.below(500),
    isTooFar: (last) => last - client.last > lead,
  });
  for (let count = 1; count <= HANG_UPS; count++) {
    if (count === HANG_UPS / 2) {
      lead = FAR_BEHIND + 300;
      await until(
        "a long way behind",
        () => publisher.last - client.last > FAR_BEHIND || undefined,
      );
      lead = 300;
    }
    // Cuts in the opening and in the first frames after it are as many as those far into the stream.
    await client.follow(random.below(random.chance(0.5) ? 700 : 60_000), () => false);
  }
  const last = await publisher.stop();
  await client.follow(Infinity, () => client.last >= last);
  assertEquals(client.numbers, Array.from({ length: last }, (_, index) => index + 1));
  print(`${path}: ${last} events over ${HANG_UPS} hang-ups, each of them once`);
  return client;
}

Deno.test("a stream that is cut off 50 times, inside frames too, loses nothing and repeats nothing", async () => {
  const random = createSeeded("resume");
  await using server = await startServer(SETTINGS);
  await cutOffOften(server.origin, server.port, "/v1/events/alerts/stream", random);
});

Deno.test("a stream of two topics that is cut off 50 times keeps events exact and quotes current", async () => {
  const random = createSeeded("resume, two topics");
  await using server = await startServer({ ...SETTINGS, DEMO: "1", QUOTE_POLL_MS: "100" });
  const { origin, port } = server;
  const path = "/v1/stream?topics=quotes,events/alerts";
  const client = await cutOffOften(origin, port, path, random);

  const isSame = async () => {
    const answer = await fetch(`${origin}/v1/quotes`);
    const { quotes } = parse(QUOTES_ANSWER, await answer.text());
    return quotes.length > 0 &&
      quotes.every(({ symbol, price }) => client.prices.get(symbol) === price);
  };
  let isCurrent = false;
  const reading = client.follow(Infinity, () => isCurrent);
  await until("the quotes GET /v1/quotes shows", async () => (await isSame()) || undefined);
  isCurrent = true;
  await reading;
});
