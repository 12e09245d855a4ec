import { assertEquals, assertRejects } from "@std/assert";
import { createFrankfurter } from "../../../../lib/topics/quotes/providers/frankfurter.ts";
import { NO_BASELINE, NO_FIGURES } from "../../../../lib/topics/quotes/providers/provider.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const frankfurter = createFrankfurter({
  "EUR-USD": "EUR/USD",
  "USD-JPY": "USD/JPY",
  "EUR-JPY": "EUR/JPY",
});
const EURO = readSample("frankfurter_v1_latest.200");

/** Reads a pair from a response with the rates of the euro. */
function read(body: string, symbol = "EUR-USD") {
  return frankfurter.read(createSampleUpstream({ "?base=EUR&symbols=USD,JPY": body }), symbol);
}

Deno.test("frankfurter's rate is the fixing of a day, and has no baseline", async () => {
  assertEquals(await read(EURO), {
    symbol: "EUR-USD",
    price: "1.1225",
    currency: "USD",
    ...NO_BASELINE,
    ...NO_FIGURES,
    session: null,
    as_of: "2026-10-02T00:00:00.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: true,
    delay_s: null,
  });
});

Deno.test("frankfurter's pairs of one base currency share a request", async () => {
  assertEquals((await read(EURO, "EUR-JPY")).price, "176.99");
});

Deno.test("frankfurter rejects another base currency, and a missing rate fails alone", async () => {
  const message = "Frankfurter returned no price";
  await assertRejects(() => read(EURO.replace('"EUR"', '"USD"')), UpstreamFailure, message);
  const partial = EURO.replace("1.1225", "null");
  await assertRejects(() => read(partial), UpstreamFailure, message);
  assertEquals((await read(partial, "EUR-JPY")).price, "176.99");
});

Deno.test("frankfurter's rates are delayed, and it says so before the first one arrives", async () => {
  const { is_delayed, delay_s } = await read(EURO);
  assertEquals(frankfurter.delayOf?.("EUR-USD"), { is_delayed, delay_s });
});
