import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Fault, JITTER_S, ROUND_S, SCENES } from "../../lib/demo/script.ts";
import { demoAt } from "./support.ts";

const START = Date.UTC(2026, 10, 20, 15, 30);

/** The path of a request whose answer contains the time, by host. */
const CALLS: Readonly<Record<string, string>> = {
  "api.exchange.coinbase.com": "/products/BTC-USD/ticker",
  "api.kraken.com": "/0/public/Ticker?pair=XBTUSD",
  "api.gold-api.com": "/price/XAU",
  "query1.finance.yahoo.com": "/v8/finance/chart/CL=F?range=1d&interval=5m",
};

const demo = (hasFaults: boolean) => demoAt(START, { hasFaults });

async function call(
  { clock, runtime }: ReturnType<typeof demo>,
  host: string,
): Promise<{ readonly response: Response; readonly text: string }> {
  const flight = runtime.fetch(new URL(`https://${host}${CALLS[host]}`), {});
  await clock.advance(100);
  const response = await flight;
  return { response, text: await response.text() };
}

/** Creates the demo at a time at which a fault is active, and returns the affected host. */
async function during(fault: Fault) {
  const scene = SCENES.find((each) => each.fault === fault);
  assert(scene !== undefined);
  const under = demo(true);
  await under.clock.advance((scene.from + JITTER_S) * 1000);
  return { ...under, host: scene.host };
}

Deno.test("demo's slow upstream answers after every deadline, and can be aborted", async () => {
  const { clock, runtime, host } = await during("slow");
  const signal = AbortSignal.abort(new Error("enough"));
  const late = new AbortController();
  const flight = runtime.fetch(new URL(`https://${host}${CALLS[host]}`), { signal: late.signal });
  await clock.advance(15_000);
  assertEquals(clock.timers, 1);
  late.abort(signal.reason);
  await assertRejects(() => flight, Error, "enough");
  assertEquals(clock.timers, 0);
});

Deno.test("demo's stale upstream repeats its answer", async () => {
  const under = await during("stale");
  const { response, text } = await call(under, under.host);
  assertEquals(response.status, 200);
  await under.clock.advance(5000);
  assertEquals((await call(under, under.host)).text, text);
});

Deno.test("demo's rate-limited upstream answers 429 with Retry-After, and recovers on time", async () => {
  const under = await during("limit");
  const { response } = await call(under, under.host);
  assertEquals(response.status, 429);
  const waitS = Number(response.headers.get("retry-after"));
  assert(waitS > 0 && waitS <= 20, `${waitS}`);
  await under.clock.advance(waitS * 1000);
  assertEquals((await call(under, under.host)).response.status, 200);
});

Deno.test("demo's upstream in an outage answers 503", async () => {
  const under = await during("outage");
  assertEquals((await call(under, under.host)).response.status, 503);
});

Deno.test("demo's faulty upstreams answer 200 with an HTML page or truncated JSON", async () => {
  const page = await during("html");
  const { response, text } = await call(page, page.host);
  assertEquals(response.status, 200);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/html/);
  assertMatch(text, /^<!doctype html>/);

  const garbage = await during("garbage");
  const half = await call(garbage, garbage.host);
  assertEquals(half.response.headers.get("content-type"), "application/json");
  assertMatch(half.text, /^\{"/);
  assert(!half.text.endsWith("}"));
});

Deno.test("a demo without faults always answers 200 with JSON", async () => {
  const under = demo(false);
  for (let s = 0; s < 2 * ROUND_S; s += 5) {
    for (const host of Object.keys(CALLS)) {
      const { response, text } = await call(under, host);
      assertEquals(response.status, 200);
      JSON.parse(text);
    }
    await under.clock.advance(4600);
  }
});

Deno.test("two demos that begin at the same time give the same answers", async () => {
  const [one, other] = [demo(true), demo(true)];
  const hosts = Object.keys(CALLS).filter((host) => !host.includes("coinbase")); // its slow answer would never arrive
  for (let s = 0; s < ROUND_S; s += 5) {
    for (const host of hosts) {
      assertEquals((await call(one, host)).text, (await call(other, host)).text);
    }
    for (const { clock } of [one, other]) await clock.advance(4700);
  }
});
