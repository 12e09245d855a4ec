import { assert, assertEquals } from "@std/assert";
import { randomId } from "../../lib/core/random_id.ts";

const LARGEST = 1 - 2 ** -32;

Deno.test("randomId() has 20 characters unless a length is given", () => {
  assertEquals(randomId(() => 0), "0".repeat(20));
  assertEquals(randomId(() => LARGEST), "v".repeat(20));
  assertEquals(randomId(() => 0.5, 3), "ggg");
});

Deno.test("randomId() takes one random number for each character", () => {
  const numbers = [0, 0.99, 0.5, 0.25];
  assertEquals(randomId(() => numbers.shift() ?? NaN, 4), "0vg8");
});

Deno.test("randomId() does not repeat an id", () => {
  const ids = new Set(Array.from({ length: 1000 }, () => randomId(Math.random)));
  assertEquals(ids.size, 1000);
  for (const id of ids) assert(/^[0-9a-v]{20}$/.test(id), id);
});
