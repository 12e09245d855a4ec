import { assertEquals } from "@std/assert";
import { createBackoff } from "../../lib/client/client/backoff.js";

function waits(random: number, count: number): number[] {
  const backoff = createBackoff({ random: () => random });
  return Array.from({ length: count }, () => backoff.next());
}

Deno.test("createBackoff() waits up to 1.5 s, then up to twice as long each time, up to 30 s", () => {
  assertEquals(waits(1, 7), [1500, 3000, 6000, 12_000, 24_000, 30_000, 30_000]);
});

Deno.test("createBackoff() spreads its waits over the whole of that time", () => {
  assertEquals(waits(0, 2), [0, 0]);
  assertEquals(waits(0.5, 2), [750, 1500]);
});

Deno.test("createBackoff() counts failures until it is told to forget them", () => {
  const backoff = createBackoff({ random: () => 1 });
  backoff.next();
  backoff.next();
  assertEquals(backoff.failures, 2);
  backoff.reset();
  assertEquals(backoff.failures, 0);
  assertEquals(backoff.next(), 1500);
});
