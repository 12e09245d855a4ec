import { assertEquals, assertRejects } from "@std/assert";
import { createAlpaca } from "../../../../lib/topics/quotes/providers/alpaca.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const alpaca = createAlpaca({ AAPL: "AAPL", "BRK.B": "BRK.B" }, {
  id: "an-id",
  secret: "a-secret",
});
const SNAPSHOTS = readSample("alpaca_snapshots.200");

/** Reads a symbol from a response. */
function read(body: string, symbol = "AAPL") {
  return alpaca.read(createSampleUpstream({ "?symbols=AAPL,BRK.B&feed=iex": body }), symbol);
}

Deno.test("alpaca measures against the previous day's close, and has the day's figures, bid and ask", async () => {
  assertEquals(await read(SNAPSHOTS), {
    symbol: "AAPL",
    price: "278.10",
    currency: "USD",
    baseline: "277.55",
    basis: "prev_close",
    open: "277.2",
    high: "279.01",
    low: "276.9",
    volume: "182034",
    bid: "278.05",
    ask: "278.12",
    session: null,
    as_of: "2026-11-30T15:04:05.123Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("alpaca's daily bar is the previous day until the first one of today", async () => {
  const early = SNAPSHOTS.replace('"2026-11-30T15:04:05.123456789Z"', '"2026-12-01T13:04:05Z"');
  const { baseline, open, volume, bid } = await read(early);
  assertEquals([baseline, open, volume, bid], ["278.1", null, null, "278.05"]);
});

Deno.test("alpaca's price needs a trade only: no quote, and no bar", async () => {
  const trade = `{"AAPL":{"latestTrade":{"t":"2026-11-30T15:04:05Z","p":278.1},"dailyBar":null}}`;
  const { price, baseline, basis, bid, ask, open } = await read(trade);
  assertEquals([price, baseline, basis], ["278.1", null, "none"]);
  assertEquals([bid, ask, open], [null, null, null]);
});

Deno.test("alpaca's symbols fail one by one", async () => {
  const body = `{"BRK.B":{"latestTrade":null},${SNAPSHOTS.trim().slice(1)}`;
  assertEquals((await read(body)).price, "278.10");
  await assertRejects(() => read(body, "BRK.B"), UpstreamFailure, "returned no price for BRK.B");
});

Deno.test("alpaca requests at most 50 symbols at once, at the same places for all of them", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `S${index}`);
  const provider = createAlpaca(
    Object.fromEntries(names.map((name) => [name, name])),
    { id: "an-id", secret: "a-secret" },
  );
  const urls = new Set<string>();
  for (const name of names) {
    await provider.read({
      get(url) {
        urls.add(url);
        return Promise.reject(new UpstreamFailure("http", "HTTP 500"));
      },
    }, name).catch(() => null);
  }
  const counts = [...urls].map((url) =>
    new URL(url).searchParams.get("symbols")?.split(",").length
  );
  assertEquals(counts, [50, 10]);
});

Deno.test("alpaca sends its key and secret in headers", () => {
  assertEquals(alpaca.headers, { "apca-api-key-id": "an-id", "apca-api-secret-key": "a-secret" });
});

Deno.test("alpaca serves the others of a request that it refuses because of one symbol", async () => {
  const refusal = new UpstreamFailure("http", "Alpaca refused: HTTP 400", { status: 400 });
  for (
    const failure of [
      refusal,
      new UpstreamFailure("waiting", "Alpaca is not called", { cause: refusal }),
    ]
  ) {
    const alone = createSampleUpstream({ "?symbols=AAPL&feed=iex": SNAPSHOTS });
    const upstream: typeof alone = {
      get: (url, parse) =>
        url.includes("?symbols=AAPL,BRK.B&") || url.includes("?symbols=BRK.B&")
          ? Promise.reject(failure)
          : alone.get(url, parse),
    };
    assertEquals((await alpaca.read(upstream, "AAPL")).price, "278.10");
    await assertRejects(() => alpaca.read(upstream, "BRK.B"), UpstreamFailure);
  }
});

Deno.test("alpaca asks once for a request that fails for another reason", async () => {
  const urls: string[] = [];
  const failure = new UpstreamFailure("http", "Alpaca refused: HTTP 500", { status: 500 });
  const upstream: Parameters<typeof alpaca.read>[0] = {
    get(url) {
      urls.push(url);
      return Promise.reject(failure);
    },
  };
  await assertRejects(() => alpaca.read(upstream, "AAPL"), UpstreamFailure);
  assertEquals(urls.length, 1);
});
