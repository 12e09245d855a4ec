import { assertEquals, assertRejects } from "@std/assert";
import { NO_BASELINE, NO_FIGURES } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createSwissquote } from "../../../../lib/topics/quotes/providers/swissquote.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const swissquote = createSwissquote({ "XAU-USD": "XAU/USD", "EUR-USD": "EUR/USD" });
const GOLD = readSample("swissquote_bboquotes_XAU_USD.200");

/** Reads gold from a response. */
function read(body: string) {
  return swissquote.read(createSampleUpstream({ "/instrument/XAU/USD": body }), "XAU-USD");
}

Deno.test("swissquote's price is the middle of the narrowest spread", async () => {
  assertEquals(await read(GOLD), {
    symbol: "XAU-USD",
    price: "4389.3800",
    ...NO_BASELINE,
    ...NO_FIGURES,
    bid: "4389.128",
    ask: "4389.632",
    session: null,
    as_of: "2026-08-18T13:29:41.075Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("swissquote's platforms and spreads fail one by one, and the latest platform counts", async () => {
  const spread = (bid: unknown, ask: unknown) => ({ bid, ask });
  const platforms = [
    { spreadProfilePrices: [spread(4100, 4102)], ts: 1787059781000 },
    { spreadProfilePrices: [spread(null, 4109), spread(4200, 4202)], ts: 1787059782000 },
    { spreadProfilePrices: [spread(4300, null)], ts: 1787059783000 },
    { spreadProfilePrices: [spread(4400, 4402)] },
    null,
  ];
  const { price, bid, ask } = await read(JSON.stringify(platforms));
  assertEquals([price, bid, ask], ["4201.0", "4200", "4202"]);
});

Deno.test("swissquote rejects a response without a quote", async () => {
  for (const body of ["[]", `[{"ts":1787059781075,"spreadProfilePrices":[]}]`]) {
    await assertRejects(() => read(body), UpstreamFailure, "returned no price for XAU-USD");
  }
});

Deno.test("swissquote is labelled unofficial", () => {
  assertEquals(swissquote.attribution, "Swissquote, unofficial");
});

Deno.test("swissquote has no price without both sides, nor with sides that are crossed or far apart", async () => {
  const body = (bid: number, ask: number, more: readonly unknown[] = []) =>
    JSON.stringify([{ spreadProfilePrices: [{ bid, ask }, ...more], ts: 1787059782000 }]);
  for (const [bid, ask] of [[0, 4400], [4400, 0], [-1, 4400], [10, 4400], [4500, 4400]] as const) {
    await assertRejects(() => read(body(bid, ask)), UpstreamFailure, "returned no price");
    assertEquals((await read(body(bid, ask, [{ bid: 4399, ask: 4401 }]))).price, "4400.0");
  }
});
