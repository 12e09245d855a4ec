import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CALM, createScript, MAX_DELAY_S, ROUND_S, SCENES } from "../../lib/demo/script.ts";

const START = Date.UTC(2026, 10, 21, 2, 30);
const HOSTS = [...new Set(SCENES.map(({ host }) => host))];

/** Returns the faults of each second of some rounds, joined over the hosts. */
function faultsBySecond(seed: number, rounds: number): string[] {
  const script = createScript(START, seed);
  return Array.from(
    { length: rounds * ROUND_S },
    (_, s) => HOSTS.map((host) => script(host, START + s * 1000)?.fault).join(),
  );
}

Deno.test("createScript() plays every fault within two minutes", () => {
  const faults = new Set(
    faultsBySecond(1, 1).flatMap((faultsOfSecond) => faultsOfSecond.split(",")),
  );
  assertEquals(
    [...faults].filter(Boolean).toSorted(),
    ["cut", "garbage", "html", "limit", "outage", "slow", "stale"],
  );
});

Deno.test("createScript() plays one fault at a time, with calm times in between", () => {
  const counts = faultsBySecond(1, 200).map((faultsOfSecond) =>
    faultsOfSecond.split(",").filter(Boolean).length
  );
  assertEquals(Math.max(...counts), 1);
  const calmShare = counts.filter((count) => count === 0).length / counts.length;
  assert(calmShare > 0.15, `${calmShare}`);
});

Deno.test("createScript() leaves each upstream without a fault for most of the time", () => {
  for (const host of HOSTS) {
    const script = createScript(START);
    const acts = Array.from({ length: 20 * ROUND_S }, (_, s) => script(host, START + s * 1000));
    assert(acts.filter((act) => act !== null).length < 0.3 * acts.length, host);
  }
});

Deno.test("createScript() depends on its seed", () => {
  assertEquals(faultsBySecond(7, 3), faultsBySecond(7, 3));
  assertNotEquals(faultsBySecond(7, 3), faultsBySecond(8, 3));
});

Deno.test("createScript() delays scenes differently in each round, and never beyond its end", () => {
  const rounds = Array.from(
    { length: 20 },
    (_, n) => faultsBySecond(1, 20).slice(n * ROUND_S, (n + 1) * ROUND_S).join(";"),
  );
  assert(new Set(rounds).size > 10);
  assert(SCENES.every(({ endS }) => endS + MAX_DELAY_S <= ROUND_S));
});

Deno.test("createScript() returns the whole period of a scene", () => {
  const [scene] = SCENES;
  assert(scene !== undefined);
  const act = createScript(START)(scene.host, START + (scene.startS + MAX_DELAY_S) * 1000);
  assert(act !== null);
  assertEquals(act.endsAt - act.startsAt, (scene.endS - scene.startS) * 1000);
});

Deno.test("CALM has no fault", () => {
  assert(HOSTS.every((host) => CALM(host, START) === null));
});
