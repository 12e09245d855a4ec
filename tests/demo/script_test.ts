import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CALM, createScript, JITTER_S, ROUND_S, SCENES } from "../../lib/demo/script.ts";

const START = Date.UTC(2026, 10, 21, 2, 30);
const HOSTS = [...new Set(SCENES.map(({ host }) => host))];

/** Returns the faults of each second of some rounds, by host. */
function seconds(seed: number, rounds: number): string[] {
  const script = createScript(START, seed);
  return Array.from({ length: rounds * ROUND_S }, (_, s) => {
    const wrong = HOSTS.map((host) => script(host, START + s * 1000)?.fault ?? "");
    return wrong.join();
  });
}

Deno.test("demo's script contains every fault within two minutes", () => {
  const faults = new Set(seconds(1, 1).flatMap((each) => each.split(",")));
  assertEquals(
    [...faults].filter(Boolean).sort(),
    ["garbage", "html", "limit", "outage", "slow", "stale"],
  );
});

Deno.test("demo's script affects one upstream at a time, and none for part of each round", () => {
  const wrong = seconds(1, 200).map((each) => each.split(",").filter(Boolean).length);
  assertEquals(Math.max(...wrong), 1);
  const calm = wrong.filter((each) => each === 0).length / wrong.length;
  assert(calm > 0.15, `${calm}`);
});

Deno.test("demo's script does not affect an upstream for most of the time", () => {
  for (const host of HOSTS) {
    const script = createScript(START);
    const all = Array.from({ length: 20 * ROUND_S }, (_, s) => script(host, START + s * 1000));
    assert(all.filter((act) => act !== null).length < 0.3 * all.length, host);
  }
});

Deno.test("demo's script is determined by its seed", () => {
  assertEquals(seconds(7, 3), seconds(7, 3));
  assertNotEquals(seconds(7, 3), seconds(8, 3));
});

Deno.test("demo's script has jitter in each round, and never exceeds the round", () => {
  const rounds = Array.from(
    { length: 20 },
    (_, n) => seconds(1, 20).slice(n * ROUND_S, (n + 1) * ROUND_S).join(";"),
  );
  assert(new Set(rounds).size > 10);
  assert(SCENES.every(({ to }) => to + JITTER_S <= ROUND_S));
});

Deno.test("demo's script returns the whole period of a scene", () => {
  const [scene] = SCENES;
  const act = createScript(START)(
    scene?.host ?? "",
    START + ((scene?.from ?? 0) + JITTER_S) * 1000,
  );
  assertEquals((act?.to ?? 0) - (act?.from ?? 0), ((scene?.to ?? 0) - (scene?.from ?? 0)) * 1000);
});

Deno.test("a demo without faults has no script", () => {
  assert(HOSTS.every((host) => CALM(host, START) === null));
});
