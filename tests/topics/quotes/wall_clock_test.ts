/** Quotes after the wall clock was set. Every interval is monotonic. */
import { assert, assertEquals } from "@std/assert";
import { HOUR_MS } from "../../../lib/core/time.ts";
import { Tick } from "../../../lib/topics/quotes/quote.ts";
import {
  createPollerUnderTest,
  INTERVAL_MS,
  joinPublished,
  REFERENCE_MS,
  SECOND_INTERVAL_MS,
  summarize,
} from "./fake_providers.ts";

const SHIFTS = { back: -HOUR_MS, forwards: HOUR_MS };

for (const [direction, shiftMs] of Object.entries(SHIFTS)) {
  for (const isTimed of [false, true]) {
    const source = isTimed ? "a source that sends the market's time" : "a source without times";

    Deno.test(`after the wall clock is set ${direction}, polls continue, the source stays and no quote is stale: ${source}`, async () => {
      const test = createPollerUnderTest();
      const { clock, poller, first, second, batches } = test;
      const [startedAt, startedElapsed] = [clock.now(), clock.elapsed()];
      // The clock of the market stays correct.
      if (isTimed) {
        first.asOf = () => new Date(startedAt + clock.elapsed() - startedElapsed).toISOString();
      }
      second.prices = { "BTC-USD": "100.50", "ETH-USD": "10.05" };
      const stop = poller.start();
      await clock.advance(2 * INTERVAL_MS);
      clock.shiftWallClock(shiftMs);
      for (const price of ["100.01", "100.02", "100.03", "100.04"]) {
        const [polls, published] = [first.calledAt.length, batches.length];
        first.prices["BTC-USD"] = price;
        await clock.advance(INTERVAL_MS);
        assertEquals(first.calledAt.length, polls + 1);
        const lines = batches.slice(published).flatMap(summarize);
        assert(lines.includes(`BTC-USD ${price} of first`), String(lines));
      }
      stop();
      const lines = batches.flatMap(summarize);
      assertEquals(lines.filter((line) => /stale|down|of second/.test(line)), []);
      const times = batches.flat().filter(({ key }) => key === "BTC-USD")
        .map(({ data }) => Tick.parse(data).received_at);
      assertEquals(times.toSorted(), times, "received_at never moves backwards");
      assertEquals(poller.evaluateQuote(joinPublished(batches.flat())).is_stale, false);
    });
  }

  Deno.test(`a quote is stale after two intervals of silence although the wall clock is set ${direction}`, async () => {
    const { clock, poller, first, batches } = createPollerUnderTest();
    const stop = poller.start();
    await clock.advance(0);
    first.prices = {};
    await clock.advance(INTERVAL_MS);
    clock.shiftWallClock(shiftMs);
    await clock.advance(INTERVAL_MS - 1);
    assertEquals(batches.length, 1);
    await clock.advance(1);
    stop();
    assertEquals(summarize(batches[1])[0], "BTC-USD 100.00 of first, stale");
  });

  Deno.test(`refresh() polls only after the TTL although the wall clock is set ${direction}`, async () => {
    const { clock, poller, first } = createPollerUnderTest();
    await poller.refresh();
    clock.shiftWallClock(shiftMs);
    await poller.refresh();
    assertEquals(first.calledAt.length, 1);
    await clock.advance(INTERVAL_MS);
    await poller.refresh();
    assertEquals(first.calledAt.length, 2);
  });

  Deno.test(`a reference source is called at its second poll although the wall clock is set ${direction}`, async () => {
    const { clock, poller, second, batches } = createPollerUnderTest();
    second.prices = { "BTC-USD": "102.30", "ETH-USD": "10.05" };
    const stop = poller.start();
    await clock.advance(SECOND_INTERVAL_MS);
    clock.shiftWallClock(shiftMs);
    await clock.advance(REFERENCE_MS - SECOND_INTERVAL_MS);
    stop();
    assertEquals(second.calledAt.length, 1);
    assert(batches.flatMap(summarize).some((line) => line.includes("differ by 2.3 % on BTC-USD")));
  });
}
