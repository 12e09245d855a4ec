import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createFred } from "../../../../lib/topics/quotes/providers/fred.ts";
import { NO_BASELINE, NO_FIGURES } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const fred = createFred({ WTI: "DCOILWTICO", SPX: "SP500" }, "a-key");
const WTI = readSample("fred_series_observations.200");

function read(text: string) {
  return fred.read(createSampleUpstream({ "?series_id=DCOILWTICO&sort_order=desc": text }), "WTI");
}

Deno.test("fred skips days without a trade, and sends the closes of past days", async () => {
  assertEquals(await read(WTI), {
    symbol: "WTI",
    price: "67.45",
    ...NO_BASELINE,
    ...NO_FIGURES,
    session: null,
    as_of: "2026-09-30T00:00:00.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: true,
    delay_s: null,
  });
});

Deno.test("fred measures against the previous day", async () => {
  const { price, baseline, basis } = await read(WTI.replace('"."', '"68.00"'));
  assertEquals([price, baseline, basis], ["68.00", "67.45", "prev_close"]);
});

Deno.test("fred rejects a series without a price", async () => {
  await assertRejects(() => read(WTI.replace("67.45", ".")), UpstreamFailure, "returned no price");
});

Deno.test("fred's attribution is the sentence that its terms require", () => {
  assertEquals(
    fred.attribution,
    "This product uses the FRED® API but is not endorsed or certified by the Federal Reserve Bank of St. Louis.",
  );
});
