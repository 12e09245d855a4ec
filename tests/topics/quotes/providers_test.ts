import { assertEquals } from "@std/assert";
import { type ProviderConfig, providersFor } from "../../../lib/topics/quotes/providers.ts";
import { SYMBOLS } from "../../../lib/topics/quotes/symbols.ts";

function paces(config: Partial<ProviderConfig>): Record<string, [number, number]> {
  const providers = providersFor({ DEMO: false, COINGECKO_API_KEY: "CG-key", ...config });
  return Object.fromEntries(
    providers.map(({ name, intervalMs, ttlMs }) => [name, [intervalMs, ttlMs]]),
  );
}

Deno.test("providersFor() asks CoinGecko last, and only with a key", () => {
  assertEquals(providersFor({ DEMO: false }).map(({ name }) => name), ["coinbase", "kraken"]);
  assertEquals(Object.keys(paces({})), ["coinbase", "kraken", "coingecko"]);
});

Deno.test("providersFor() covers every symbol, and none that is unknown", () => {
  const given = providersFor({ DEMO: false, COINGECKO_API_KEY: "CG-key" })
    .flatMap(({ symbols }) => symbols);
  assertEquals([...new Set(given)], SYMBOLS);
});

Deno.test("providersFor() heeds the settings of intervals and TTLs", () => {
  assertEquals(paces({}), {
    coinbase: [5000, 4000],
    kraken: [5000, 4000],
    coingecko: [270_000, 270_000],
  });
  const cases: [Partial<ProviderConfig>, [number, number], [number, number]][] = [
    [{ QUOTE_POLL_MS: 1000 }, [1000, 1000], [1000, 1000]],
    [{ QUOTE_POLL_MS: 60_000 }, [60_000, 4000], [60_000, 60_000]],
    [{ QUOTE_POLL_MS: 9000, QUOTE_TTL_MS: 2000 }, [9000, 2000], [9000, 2000]],
    [{ QUOTE_TTL_MS: 2000 }, [5000, 2000], [270_000, 2000]],
    [{ QUOTE_TTL_MS: 30_000 }, [30_000, 30_000], [270_000, 30_000]],
    [{ DEMO: true }, [5000, 4000], [5000, 5000]],
  ];
  for (const [config, coinbase, coingecko] of cases) {
    const paced = paces(config);
    assertEquals([paced["coinbase"], paced["coingecko"]], [coinbase, coingecko]);
  }
});
