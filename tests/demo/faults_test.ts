import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Fault, MAX_DELAY_S, ROUND_S, SCENES } from "../../lib/demo/script.ts";
import { createDemoAt } from "./support.ts";

const START = Date.UTC(2026, 10, 20, 15, 30);

/** A path of each host whose response contains a time. */
const PATHS: Readonly<Record<string, string>> = {
  "api.exchange.coinbase.com": "/products/BTC-USD/ticker",
  "api.kraken.com": "/0/public/Ticker?pair=XBTUSD",
  "api.gold-api.com": "/price/XAU",
  "query1.finance.yahoo.com": "/v8/finance/chart/CL=F?range=1d&interval=5m",
};

async function call(
  { clock, runtime }: ReturnType<typeof createDemoAt>,
  host: string,
): Promise<{ readonly response: Response; readonly text: string }> {
  const pending = runtime.fetch(new URL(`https://${host}${PATHS[host]}`), {});
  await clock.advance(100);
  const response = await pending;
  return { response, text: await response.text() };
}

/** Creates a demo during a scene with a fault. */
async function createDemoDuring(fault: Fault) {
  const scene = SCENES.find((candidate) => candidate.fault === fault);
  assert(scene !== undefined);
  const demo = createDemoAt(START, { hasFaults: true });
  await demo.clock.advance((scene.startS + MAX_DELAY_S) * 1000);
  return { ...demo, host: scene.host };
}

Deno.test("a slow upstream responds after every deadline, and its call can be aborted", async () => {
  const { clock, runtime, host } = await createDemoDuring("slow");
  const controller = new AbortController();
  const pending = runtime.fetch(new URL(`https://${host}${PATHS[host]}`), {
    signal: controller.signal,
  });
  await clock.advance(15_000);
  assertEquals(clock.timers, 1);
  controller.abort(new Error("aborted"));
  await assertRejects(() => pending, Error, "aborted");
  assertEquals(clock.timers, 0);
});

Deno.test("a stale upstream repeats its response", async () => {
  const demo = await createDemoDuring("stale");
  const { response, text } = await call(demo, demo.host);
  assertEquals(response.status, 200);
  await demo.clock.advance(5000);
  assertEquals((await call(demo, demo.host)).text, text);
});

Deno.test("an upstream that limits its rate states the time until the next call", async () => {
  const demo = await createDemoDuring("limit");
  const { response } = await call(demo, demo.host);
  assertEquals(response.status, 429);
  const waitS = Number(response.headers.get("retry-after"));
  assert(waitS > 0 && waitS <= 20, `${waitS}`);
  await demo.clock.advance(waitS * 1000);
  assertEquals((await call(demo, demo.host)).response.status, 200);
});

Deno.test("an upstream in an outage responds with 503", async () => {
  const demo = await createDemoDuring("outage");
  assertEquals((await call(demo, demo.host)).response.status, 503);
});

Deno.test("an upstream with the fault `html` responds with 200 and a page", async () => {
  const demo = await createDemoDuring("html");
  const { response, text } = await call(demo, demo.host);
  assertEquals(response.status, 200);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/html/);
  assertMatch(text, /^<!doctype html>/);
});

Deno.test("an upstream with the fault `garbage` responds with 200 and half of its JSON", async () => {
  const demo = await createDemoDuring("garbage");
  const { response, text } = await call(demo, demo.host);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertMatch(text, /^\{"/);
  assert(!text.endsWith("}"));
});

Deno.test("without faults every response is a 200 with JSON", async () => {
  const demo = createDemoAt(START, { hasFaults: false });
  for (let s = 0; s < 2 * ROUND_S; s += 5) {
    for (const host of Object.keys(PATHS)) {
      const { response, text } = await call(demo, host);
      assertEquals(response.status, 200);
      JSON.parse(text);
    }
    await demo.clock.advance(4600);
  }
});

Deno.test("two demos that start at the same time send the same responses", async () => {
  const [first, second] = [
    createDemoAt(START, { hasFaults: true }),
    createDemoAt(START, { hasFaults: true }),
  ];
  const hosts = Object.keys(PATHS).filter((host) => !host.includes("coinbase")); // its slow responses would block the test
  for (let s = 0; s < ROUND_S; s += 5) {
    for (const host of hosts) {
      assertEquals((await call(first, host)).text, (await call(second, host)).text);
    }
    for (const { clock } of [first, second]) await clock.advance(4700);
  }
});
