import { assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createKraken } from "../../../../lib/topics/quotes/providers/kraken.ts";
import { createSampleUpstream, readSample } from "../samples.ts";

const PATH = "/0/public/Ticker?pair=XBTUSD,ETHUSD";

const kraken = createKraken({ "BTC-USD": "XBTUSD", "ETH-USD": "ETHUSD" });

Deno.test("kraken finds a pair under its alternative name and measures since midnight UTC", async () => {
  const upstream = createSampleUpstream({ [PATH]: readSample("kraken_rest_ticker.200") });
  assertObjectMatch(await kraken.read(upstream, "BTC-USD"), {
    symbol: "BTC-USD",
    price: "30303.20000",
    baseline: "30502.80000",
    basis: "session",
    open: "30502.80000",
    high: "31631.00000",
    low: "29868.30000",
    volume: "4083.67001100",
    bid: "30300.00000",
    ask: "30300.10000",
    as_of: null,
  });
});

Deno.test("kraken fails only for the symbol that the response omits", async () => {
  const upstream = createSampleUpstream({ [PATH]: readSample("kraken_rest_ticker.200") });
  await assertRejects(() => kraken.read(upstream, "ETH-USD"), UpstreamFailure, "ETH-USD");
});

Deno.test("kraken rejects an error with HTTP 200, and keeps the body out of the message", async () => {
  const failing = createSampleUpstream({ [PATH]: `{"error":["EService:Unavailable"]}` });
  const { kind, message } = await assertRejects(
    () => kraken.read(failing, "BTC-USD"),
    UpstreamFailure,
  );
  assertEquals([kind, message], ["http", "Kraken answered with an error"]);
  const rateLimited = createSampleUpstream({ [PATH]: `{"error":["EAPI:Rate limit exceeded"]}` });
  const { status } = await assertRejects(
    () => kraken.read(rateLimited, "BTC-USD"),
    UpstreamFailure,
  );
  assertEquals(status, 429);
});
