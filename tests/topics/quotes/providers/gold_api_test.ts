import { assertEquals, assertRejects } from "@std/assert";
import { createGoldApi } from "../../../../lib/topics/quotes/providers/gold_api.ts";
import { NO_BASELINE, NO_FIGURES } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const GOLD = readSample("goldapi_price_XAU.200");

const goldApi = createGoldApi({ "XAU-USD": "XAU" });

Deno.test("gold-api keeps the digits that were sent, and has no time, since the site states that of its refresh", async () => {
  assertEquals(await goldApi.read(createSampleUpstream({ "/price/XAU": GOLD }), "XAU-USD"), {
    symbol: "XAU-USD",
    price: "4165.200195",
    currency: "USD",
    ...NO_BASELINE,
    ...NO_FIGURES,
    session: null,
    as_of: null,
    isRepeated: true,
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
  const trailingZero = createSampleUpstream({
    "/price/XAU": GOLD.replace("4165.200195", "4165.10"),
  });
  assertEquals((await goldApi.read(trailingZero, "XAU-USD")).price, "4165.10");
});

Deno.test("gold-api rejects another metal", async () => {
  const upstream = createSampleUpstream({ "/price/XAU": GOLD.replace('"XAU"', '"XAG"') });
  await assertRejects(() => goldApi.read(upstream, "XAU-USD"), Error, "returned no price");
});
