/** The guide's polling client, on a timer that the test advances. */
import { assert, assertEquals } from "@std/assert";
import { blocksOf } from "../support/guides.ts";

const FUNCTIONS = await blocksOf("sessions", "js");
const CLIENT = FUNCTIONS.find((text) => text.includes("async function pollStatus(")) ?? "";

const running = { session_state: "asking", progress: 0.5, next_poll_delay: 5 };
const json = (body: unknown) => new Response(JSON.stringify(body));
const over = (session_state: string) => json({ ...running, session_state });

/** Polls with these answers in turn; null is a network error. Delays end at once. */
async function poll(answers: readonly (Response | null)[]) {
  const received: string[] = [];
  const waits: number[] = [];
  const timers: (() => void)[] = [];
  let [inFlight, most, requests] = [0, 0, 0];

  async function fetch(url: string, init: RequestInit): Promise<Response> {
    const answer = answers[requests++];
    most = Math.max(most, ++inFlight);
    await Promise.resolve();
    inFlight--;
    assertEquals(url, "https://api.example/v1/sessions/x/events");
    assertEquals(new Headers(init.headers).get("accept"), "application/json");
    assert(answer !== undefined, "a request after the end");
    if (answer === null) throw new TypeError("no network");
    return answer;
  }
  function setTimeout(task: () => void, ms: number): void {
    waits.push(ms / 1000);
    timers.push(task);
  }

  const names = ["fetch", "setTimeout", "api", `${CLIENT}; return pollStatus;`];
  const pollStatus = new Function(...names)(fetch, setTimeout, "https://api.example");
  await pollStatus("x", {
    updateProgress: ({ progress }: { progress: number }) => received.push(String(progress)),
    handleComplete: () => received.push("complete"),
    handleFailure: (reason: string) => received.push(reason),
  });
  for (let next = timers.shift(); next; next = timers.shift()) await next();
  return { received, waits, most, requests };
}

/** Asserts that each delay is as long as expected, and at most a fifth longer. */
function assertWaits(waits: readonly number[], least: readonly number[]): void {
  assertEquals(waits.length, least.length);
  waits.forEach((wait, n) => {
    const from = least[n] ?? 0;
    assert(wait >= from && wait <= from * 1.2, `${wait} s instead of ${from} s`);
  });
}

Deno.test("pollStatus() polls by next_poll_delay, one request at a time, until the session is complete (S0-9, S0-16)", async () => {
  const { received, waits, most } = await poll([json(running), json(running), over("completed")]);
  assertEquals(received, ["0.5", "0.5", "0.5", "complete"]);
  assertWaits(waits, [5, 5]);
  assertEquals(most, 1);
});

for (const end of ["failed", "cancelled", "expired"]) {
  Deno.test(`pollStatus() stops once a session is ${end} (S0-15)`, async () => {
    assertEquals((await poll([over(end)])).received, ["0.5", end]);
  });
}

for (const status of [401, 403, 404]) {
  Deno.test(`pollStatus() stops at ${status} (S0-15)`, async () => {
    const { received, requests } = await poll([json(running), new Response("{}", { status })]);
    assertEquals([received, requests], [["0.5", "gone"], 2]);
  });
}

Deno.test("pollStatus() backs off after failures, at least for Retry-After, and then returns to its interval (S0-15, S0-16)", async () => {
  const busy = new Response("", { status: 503, headers: { "retry-after": "40" } });
  const often = new Response("", { status: 429, headers: { "retry-after": "1" } });
  const broken = new Response("<html>");
  const failures = [null, broken, busy, often, null, null];
  const { received, waits } = await poll([...failures, json(running), over("completed")]);
  assertEquals(received, ["0.5", "0.5", "complete"]);
  assertWaits(waits, [10, 20, 40, 60, 60, 60, 5]);
});

Deno.test("pollStatus() backs off if Retry-After is a date, as proxies write it (S0-16)", async () => {
  const headers = { "retry-after": "Thu, 31 Dec 2026 23:59:59 GMT" };
  const { waits } = await poll([new Response("", { status: 503, headers }), over("completed")]);
  assertWaits(waits, [10]);
});

Deno.test("pollStatus() jitters its delays, so that clients do not poll at the same time (S0-16)", async () => {
  const { waits } = await poll([...Array(20).fill(0).map(() => json(running)), over("completed")]);
  assert(new Set(waits).size > 15);
});
