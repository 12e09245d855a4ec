import { assert, assertEquals, assertRejects } from "@std/assert";
import { readConfig } from "../../lib/core/config.ts";
import { CATALOGUE } from "../../lib/topics/quotes/catalogue.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { providersFor } from "../../lib/topics/quotes/providers/registry.ts";
import { createUpstream } from "../../lib/upstream/upstream.ts";
import { createDemoAt } from "./support.ts";

const NOON = Date.UTC(2026, 10, 21, 12);
const COINBASE = "https://api.exchange.coinbase.com/products/BTC-USD";

const createDemo = () => createDemoAt(NOON);

async function get(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const { clock, runtime } = createDemo();
  const pending = runtime.fetch(new URL(url), {});
  await clock.advance(100);
  const response = await pending;
  assertEquals(response.headers.get("content-type"), "application/json");
  return { status: response.status, body: await response.json() };
}

Deno.test("simulated providers respond in the shapes of the real ones and agree on the price", async () => {
  const ticker = Object((await get(`${COINBASE}/ticker`)).body);
  const stats = Object((await get(`${COINBASE}/stats`)).body);
  const kraken = Object((await get("https://api.kraken.com/0/public/Ticker?pair=XBTUSD")).body);
  const coins = Object(
    (await get("https://api.coingecko.com/api/v3/simple/price?ids=bitcoin,nonsense")).body,
  );
  assertEquals(stats.last, `${ticker.price}000000`);
  assertEquals(Date.parse(ticker.time) > NOON, true);
  assertEquals([kraken.error, Object.keys(kraken.result)], [[], ["XXBTZUSD"]]);
  assertEquals(Object.keys(coins), ["bitcoin"]);
  for (const price of [Number(kraken.result.XXBTZUSD.c[0]), coins.bitcoin.usd]) {
    assert(Math.abs(price / Number(ticker.price) - 1) < 0.001);
  }
});

Deno.test("simulated providers respond with the errors of the real ones", async () => {
  assertEquals((await get(COINBASE.replace("BTC", "XXX") + "/ticker")).status, 404);
  assertEquals(await get("https://api.kraken.com/0/public/Ticker?pair=XXX"), {
    status: 200,
    body: { error: ["EQuery:Unknown asset pair"] },
  });
});

Deno.test("createDemoRuntime() reaches simulated hosts only", async () => {
  const { runtime } = createDemo();
  await assertRejects(() => runtime.fetch(new URL("https://example.com"), {}), TypeError);
  await assertRejects(() => runtime.resolve("example.com"), TypeError);
  assertEquals((await runtime.resolve("api.kraken.com")).length, 1);
});

Deno.test("createDemoRuntime() ends an aborted call and leaves no timer", async () => {
  const { clock, runtime } = createDemo();
  const controller = new AbortController();
  const { signal } = controller;
  const pending = runtime.fetch(new URL(`${COINBASE}/ticker`), { signal });
  assertEquals(clock.timers, 1);
  controller.abort(new Error("aborted"));
  await assertRejects(() => pending, Error, "aborted");
  assertEquals(clock.timers, 0);
  await assertRejects(
    () => runtime.fetch(new URL(`${COINBASE}/ticker`), { signal }),
    Error,
    "aborted",
  );
});

Deno.test("createDemoRuntime() simulates every instrument of the catalogue and of the settings at each of its providers", async () => {
  const config = readConfig({
    DEMO: "1",
    SYMBOLS: [...CATALOGUE.map(({ symbol }) => symbol), "LUMBER"].join(),
    INSTRUMENTS: JSON.stringify({
      LUMBER: { name: "Lumber", class: "other", currency: "USD", sources: { yahoo: "LBR=F" } },
    }),
    COINGECKO_API_KEY: "a-key",
    TWELVE_DATA_API_KEY: "a-key",
    FRED_API_KEY: "a-key",
  });
  const instruments = instrumentsFor(config);
  const { clock, runtime } = createDemoAt(NOON, {}, instruments);
  const failures: string[] = [];
  for (const provider of providersFor(config, instruments)) {
    const upstream = createUpstream(runtime, provider);
    const readings = provider.symbols.map((symbol) =>
      provider.read(upstream, symbol)
        .catch((thrown) => failures.push(`${symbol} of ${provider.name}: ${thrown}`))
    );
    await clock.advance(1000);
    await Promise.all(readings);
  }
  assertEquals(failures, []);
});
