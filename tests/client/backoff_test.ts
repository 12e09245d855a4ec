import { assertEquals } from "@std/assert";
import { createBackoff } from "../../lib/client/client/backoff.js";

function delays(random: number, count: number): number[] {
  const backoff = createBackoff({ random: () => random });
  return Array.from({ length: count }, () => backoff.fail());
}

Deno.test("createBackoff() doubles the bound of its delay from 1.5 s to 30 s", () => {
  assertEquals(delays(1, 7), [1500, 3000, 6000, 12_000, 24_000, 30_000, 30_000]);
});

Deno.test("createBackoff() spreads delays over the whole range below the bound", () => {
  assertEquals(delays(0, 2), [0, 0]);
  assertEquals(delays(0.5, 2), [750, 1500]);
});

Deno.test("createBackoff() counts failures until it is reset", () => {
  const backoff = createBackoff({ random: () => 1 });
  backoff.fail();
  backoff.fail();
  assertEquals(backoff.failures, 2);
  backoff.reset();
  assertEquals(backoff.failures, 0);
  assertEquals(backoff.fail(), 1500);
});
